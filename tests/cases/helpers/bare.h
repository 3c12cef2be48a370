/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bare - system calls by the instruction itself, which no preloaded library sees. */
#ifndef BARE_H
#define BARE_H

#include <errno.h>

/* As syscall(2) of libc. */
static inline long bare_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	if (result >= 0 || result <= -4096)
		return result;
	errno = (int)-result;
	return -1;
}

#endif
