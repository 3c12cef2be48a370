/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* transfer - sendfile and splice with the kernel's kind of result. */
#ifndef SHIM_TRANSFER_H
#define SHIM_TRANSFER_H

#include <stddef.h>
#include <sys/types.h>

long shim_sendfile(int out, int in, off64_t *offset, size_t count);
long shim_splice(int in, off64_t *off_in, int out, off64_t *off_out, size_t length, unsigned int flags);

#endif
