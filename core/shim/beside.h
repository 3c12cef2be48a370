/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * beside - children of clone(CLONE_VM) that run beside their parent on the same thread-local storage.
 *
 * Our record of a task lies in that storage, so such a child has one in a table, by its tid. From the first one on each
 * call asks for its tid. What the child calls of libc is its own risk, as without us: errno is its parent's.
 *
 * Not here: vfork in such a child, whose child has no record.
 */
#ifndef SHIM_BESIDE_H
#define SHIM_BESIDE_H

/* As libc's clone, with CLONE_VM and without CLONE_SETTLS. -EAGAIN: too many such children live. */
long beside_clone(int (*fn)(void *arg), void *stack, int flags, void *arg, void *ids[static 3]);

#endif
