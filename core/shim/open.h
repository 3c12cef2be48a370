/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * open - a device node of an image is the board's device of its number; where the board has none, ENXIO.
 *
 * The host opens, since it knows permissions, links and flags; then one look by the engine tells whether what came is a
 * node. There are no devices on a board yet, so every node is refused. Files whose kind was set are no nodes and stay
 * open, and so does what is opened by O_PATH, which opens no device anywhere.
 *
 * Not seen: what libc opens by itself (fopen, freopen, opendir, posix_spawn's file actions) does not come by these
 * names. It gets the node as the host has it, an empty file.
 */
#ifndef SHIM_OPEN_H
#define SHIM_OPEN_H

/* What becomes of an open of any kind, made with @dirfd, @path and @flags, that the host answered with @result, a
 * descriptor or -errno: the same, or -ENXIO with the descriptor closed. Before the shim is ready and off the board the
 * same. */
long open_answer(long result, int dirfd, const char *path, int flags);

#endif
