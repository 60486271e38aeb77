/* Reads the files of vectors/. */
#ifndef VECTORS_H
#define VECTORS_H

#include <stddef.h>
#include <stdint.h>

#define VECTORS_FIELDS 16

struct bytes {
  uint8_t at[8192];
  size_t size;
};

void vectors_open(const char *folder);

/* Hex, or "-" for nothing. */
void vectors_hex(const char *text, struct bytes *bytes);

/* Each line of a file, split at spaces into at least `fields` fields; the rest of them is NULL. */
void vectors_each_line(const char *name, int fields, void (*take)(char *fields[]));

/* The value of "name=value" among the fields, or NULL. */
const char *vectors_value(char *fields[], const char *name);

#endif
