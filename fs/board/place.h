/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place - the images that a board file names: where they may be, and what is said of their files. */
#ifndef BOARD_PLACE_H
#define BOARD_PLACE_H

#include "board/board.h"

#define BOARD_IMAGE_FLAW_MAX 160

/* Whether an image can be at @path, of which a trailing slash is dropped. False with what is wrong in @flaw. */
bool board_image_check(const struct board *board, char *path, char flaw[static BOARD_IMAGE_FLAW_MAX]);

/* The host's path of @file, which may be relative to @folder. The caller frees it; NULL: no memory. */
char *board_image_file(const char *folder, const char *file);

#endif
