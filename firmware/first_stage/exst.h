/* The image that the first stage loads: docs/imssbl.md, "The EXST image". */
#ifndef EXST_H
#define EXST_H

#include <stdbool.h>
#include <stdint.h>

/* Format and hash of the image that was copied to `image`, `size` bytes, are right. */
bool exst_valid(const uint8_t *image, uint32_t size);

#endif
