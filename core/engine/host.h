/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host - what the host's /proc tells: free memory, and what lies where in this process.
 */
#ifndef ENGINE_HOST_H
#define ENGINE_HOST_H

#include "engine/os.h"

/* Bytes that can be had without anybody being killed for them: free, easily freed, and swap. UINT64_MAX if the host does
 * not say. */
uint64_t host_memory(const struct nommu_os *os);

/* The line of /proc/self/maps that overlaps [addr, addr + size), in @line of @max bytes. */
void host_conflict(const struct nommu_os *os, uint64_t addr, uint64_t size, char *line, size_t max);

#endif
