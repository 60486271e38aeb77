#include <stdio.h>

#include "suites.h"
#include "tap.h"

int main(int count, char **arguments)
{
  if (count != 2) {
    fprintf(stderr, "usage: %s VECTORS-FOLDER\n", arguments[0]);
    return 2;
  }
#if defined(BOARD_OWNER)
  suite_compiled_owner();
#else
  suite_vectors(arguments[1]);
  suite_frame();
  suite_queue();
  suite_session();
  suite_errors();
  suite_flash();
  suite_memory();
  suite_boot();
  suite_power();
  suite_doubt();
  suite_rescue();
  suite_access();
  suite_owner();
  suite_signature();
  suite_chain();
  suite_access_vectors();
  suite_update();
#endif
  return tap_done();
}
