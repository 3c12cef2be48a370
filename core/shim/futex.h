/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* futex - words on the board that a process waits on; there is no libc function, only syscall(2). */
#ifndef SHIM_FUTEX_H
#define SHIM_FUTEX_H

#include <sys/syscall.h>

/* With the arguments of the system call. */
long shim_futex(const long args[static 6]);

/* The calls of futex2: futex_waitv, futex_wake, futex_wait, futex_requeue. */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_futex_wake
#define SYS_futex_wake    454
#define SYS_futex_wait    455
#define SYS_futex_requeue 456
#endif
long shim_futex2(long number, const long args[static 6]);

#endif
