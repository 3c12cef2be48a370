/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * exec - a program that another one becomes or starts is on the board too, whatever environment it is given: what names
 * shim and board is added where it is missing. An environment with an empty NOMMU_BOARD is left alone: the way out.
 */
#ifndef SHIM_EXEC_H
#define SHIM_EXEC_H

/* By the constructor: note what is to be kept. */
void shim_exec_keep(void);

/* The kernel's calls: they return -errno if at all. */
long shim_execve(const char *path, char *const argv[], char *const envp[]);
long shim_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags);

#endif
