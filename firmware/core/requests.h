/* The handlers of docs/protocol.md, sections 5 and 11, one file a family, and the table of them. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "operation.h"

enum step request_info(struct operation *operation);
enum step request_geometry(struct operation *operation);
enum step request_status(struct operation *operation);
enum step request_hash(struct operation *operation);
enum step request_read(struct operation *operation);
enum step request_verify(struct operation *operation);
enum step request_begin(struct operation *operation);
enum step request_erase(struct operation *operation);
enum step request_write(struct operation *operation);
enum step request_commit(struct operation *operation);
enum step request_boot(struct operation *operation);
enum step request_get_boot_address(struct operation *operation);
enum step request_set_boot_address(struct operation *operation);
enum step request_unprotect(struct operation *operation);
enum step request_reset(struct operation *operation);
enum step request_access(struct operation *operation);
enum step request_challenge(struct operation *operation);
enum step request_prove(struct operation *operation);
enum step request_claim(struct operation *operation);
enum step request_release(struct operation *operation);
enum step request_policy(struct operation *operation);
enum step request_signature(struct operation *operation);
enum step request_protect(struct operation *operation);
enum step request_keep(struct operation *operation);
enum step request_stage(struct operation *operation);
enum step request_update(struct operation *operation);

#define REQUEST_NEEDS_FLASH 1u
#define REQUEST_ABORTABLE 2u /* refused with ABORTED after one of its like has failed */

struct request_kind {
  request_handler handler;
  uint16_t minimum; /* bytes of payload */
  uint16_t maximum;
  uint8_t flags;
  uint8_t rights; /* any of these is needed; 0: none */
};

/* NULL for a type that no request has. HELLO is the session's own. */
const struct request_kind *request_kind(uint8_t type);

#endif
