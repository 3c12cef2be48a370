/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* futex - words on the board that a process waits on; there is no libc function, only syscall(2). */
#ifndef SHIM_FUTEX_H
#define SHIM_FUTEX_H

/* With the arguments of the system call. */
long shim_futex(const long args[static 6]);

#endif
