/*
 * The USB2_OTG_FS core in device mode, packet level. Endpoint 0 is control, 1 bulk in both directions, 2 interrupt IN.
 * It calls the functions of usb_device.h from its interrupt.
 */
#ifndef OTG_FS_H
#define OTG_FS_H

#include <stdbool.h>
#include <stdint.h>

#define OTG_CONTROL 0u
#define OTG_BULK 1u
#define OTG_NOTIFICATION 2u

#define OTG_PACKET 64u
#define OTG_NOTIFICATION_PACKET 16u

/* Largest size of one otg_in_start on OTG_BULK: what its FIFO holds. */
#define OTG_BULK_IN_MAX 2048u

/* Resets the core and leaves it disconnected from the bus. */
int otg_start(void);
void otg_connect(void);
/* Off the bus, core reset, clock off. */
void otg_stop(void);

/* The interrupt is off between these two; they do not nest. */
void otg_lock(void);
void otg_unlock(void);

void otg_set_address(uint32_t address);

/* Endpoints 1 and 2 into the configured state, data toggles at DATA0; or out of it. */
void otg_configure(bool configured);

/* Sends `size` bytes (0: an empty packet). `bytes` are copied to the FIFO at once. */
void otg_in_start(uint32_t endpoint, const uint8_t *bytes, uint32_t size);

/* Takes back what has not left yet and empties the FIFO. */
void otg_in_cancel(uint32_t endpoint);

/* Lets the host send `packets` packets on OTG_BULK, or one on OTG_CONTROL. */
void otg_out_start(uint32_t endpoint, uint32_t packets);

/* Each SETUP packet counts DOEPTSIZ0.STUPCNT down; this makes it 3 again. */
void otg_expect_setup(void);

void otg_stall(uint32_t endpoint, bool in);
void otg_unstall(uint32_t endpoint, bool in);
bool otg_stalled(uint32_t endpoint, bool in);

#endif
