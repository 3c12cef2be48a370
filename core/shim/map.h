/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* map - mmap, munmap and mremap with the kernel's kind of result: an address or 0, or -errno. */
#ifndef SHIM_MAP_H
#define SHIM_MAP_H

#include <stddef.h>
#include <sys/types.h>

long shim_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
long shim_munmap(void *start, size_t length);
long shim_mremap(void *start, size_t old_length, size_t new_length, int flags, void *fixed);

#endif
