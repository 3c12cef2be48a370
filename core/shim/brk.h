/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* brk - the program's break, as the kernel answers it: where it is now. */
#ifndef SHIM_BRK_H
#define SHIM_BRK_H

/* Move the break to @addr if that lies where it can be. Returns where it is then. */
long shim_brk(long addr);

#endif
