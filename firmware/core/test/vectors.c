#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define LINE_MAX_BYTES 32768

static const char *folder;

void vectors_open(const char *path)
{
  folder = path;
}

void vectors_hex(const char *text, struct bytes *bytes)
{
  bytes->size = 0;
  if (strcmp(text, "-") == 0) {
    return;
  }
  for (; text[0] != '\0' && text[1] != '\0'; text += 2) {
    const char digits[3] = { text[0], text[1], 0 };
    bytes->at[bytes->size] = (uint8_t)strtoul(digits, NULL, 16);
    bytes->size += 1;
  }
}

/* Splits at single spaces; returns how many fields. */
static int split(char *line, char *fields[], int limit)
{
  int count = 0;
  line[strcspn(line, "\n")] = '\0';
  for (char *field = strtok(line, " "); field != NULL && count < limit; field = strtok(NULL, " ")) {
    fields[count] = field;
    count += 1;
  }
  return count;
}

void vectors_each_line(const char *name, int fields, void (*take)(char *fields[]))
{
  static char line[LINE_MAX_BYTES];
  char path[4096];
  char *found[VECTORS_FIELDS];
  int lines = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  if (!CHECK(file != NULL)) {
    return;
  }
  while (fgets(line, sizeof line, file) != NULL) {
    memset(found, 0, sizeof found);
    lines += 1;
    if (CHECK(split(line, found, VECTORS_FIELDS) >= fields)) {
      take(found);
    }
  }
  fclose(file);
  CHECK(lines > 0);
}

const char *vectors_value(char *fields[], const char *name)
{
  const size_t length = strlen(name);
  for (unsigned i = 0; i < VECTORS_FIELDS && fields[i] != NULL; i += 1) {
    if (strncmp(fields[i], name, length) == 0 && fields[i][length] == '=') {
      return fields[i] + length + 1;
    }
  }
  return NULL;
}
