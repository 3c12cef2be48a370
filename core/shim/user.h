/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * user - memory that the program names in a call, as a kernel's copy_from_user and copy_to_user: it may be nowhere.
 *
 * Both return 0 or -EFAULT. Where a sandbox forbids the call that can tell, it is found out the hard way.
 */
#ifndef SHIM_USER_H
#define SHIM_USER_H

#include <stddef.h>

int user_copy_in(void *to, const void *theirs, size_t size);
int user_copy_out(void *theirs, const void *from, size_t size);

#endif
