/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory_file - memfd_create as the kernel returns it: on a board ENOSYS, or a file of the board without a name. */
#ifndef SHIM_MEMORY_FILE_H
#define SHIM_MEMORY_FILE_H

long shim_memfd_create(const char *name, unsigned int flags);

#endif
