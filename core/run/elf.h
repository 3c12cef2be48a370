/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * elf - whether a program file is one that the shim can be preloaded into, by its headers alone.
 *
 * The file is untrusted: every offset is checked by reading at it, every loop is bounded. Not here: permissions,
 * scripts, where the program was found.
 */
#ifndef RUN_ELF_H
#define RUN_ELF_H

#include <limits.h>

#include "nommu.h"

#define ELF_RUNTIME_MAX 64

struct elf_info {
	char loader[PATH_MAX];         /* PT_INTERP */
	char runtime[ELF_RUNTIME_MAX]; /* a sanitizer's runtime that must be loaded before the shim, or "" */
};

/* Look at the program open for reading at @fd. @own_loader is the file name of the loader that the shim is built for,
 * NULL: any. Returns 0; -ENOEXEC with the rest of a sentence that begins with the program's name in @why; -ENOENT it
 * is neither ELF nor bFLT. */
int elf_check(int fd, const char *own_loader, struct elf_info *info, struct nommu_why *why);

/* Fill in what a shared library or program asks for, without judging it; what cannot be read is left empty. */
void elf_read(int fd, struct elf_info *info);

/* Whether a library of this name is a sanitizer's runtime, which insists on being loaded first. */
bool elf_is_runtime(const char *name, size_t len);

#endif
