/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* number - a size, an address or a count as a person writes it: by option, or in a board file. */
#ifndef BOARD_NUMBER_H
#define BOARD_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* The whole of @text: decimal or 0x, with K, M or G (either case) behind it if wanted. False, and *@number as it was:
 * it is none, or does not fit. */
bool number_parse(const char *text, uint64_t *number);

#endif
