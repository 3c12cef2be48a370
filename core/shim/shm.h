/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shm - System V shared memory, for who gets at these calls otherwise than by libc's names: as the kernel answers, a
 * result or -errno. Each enters and leaves by itself (context.h).
 */
#ifndef SHIM_SHM_H
#define SHIM_SHM_H

#include <stddef.h>

long shim_shmget(int key, size_t size, int flags);
long shim_shmat(int id, const void *addr, int flags);
long shim_shmdt(const void *addr);
/* @buf: struct shmid_ds, shminfo or shm_info, by command; the kernel's are libc's on this machine. */
long shim_shmctl(int id, int command, void *buf);

#endif
