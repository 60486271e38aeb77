/* What the programs of the differential tests share. A program is one function that records what it computes. */
#ifndef TORTURE_H
#define TORTURE_H
#include <stddef.h>
#include <stdint.h>

/* Words that both machines must agree on. */
void record(uint32_t value);
void record64(uint64_t value);
void record_float(float value);
void record_double(double value);

/* A generator that every program starts anew. */
void seed(uint32_t value);
uint32_t next(void);

void integers(void);
void wide(void);
void bits(void);
void memory(void);
void control(void);
void singles(void);
void doubles(void);
void sorting(void);
void hashing(void);

/* Hides a value from the optimizer. */
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))
#endif
