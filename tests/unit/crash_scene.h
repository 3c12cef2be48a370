/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crash_scene - boards for the operations of test_crash to run on, and the calls that they are made with.
 *
 * A setup works through the survivor's handle. File i of the scene has inode i + 1; host files have inodes from 100.
 */
#ifndef CRASH_SCENE_H
#define CRASH_SCENE_H

#include "crash.h"

int scene_map_anonymous(struct nommu_board *b, const struct nommu_mm *mm, uint64_t pages, uint64_t *addr);
int scene_map_file(struct nommu_board *b, const struct nommu_mm *mm, uint64_t ino, uint64_t first, uint64_t pages,
		   int prot, int flags, uint64_t *addr);
int scene_map_host(struct nommu_board *b, const struct nommu_mm *mm, uint64_t ino, uint64_t *addr);
int scene_unmap(struct nommu_board *b, const struct nommu_mm *mm, uint64_t addr, uint64_t pages);

/* Free memory in pieces, a few files, mappings of each sort by both processes. mm's, in scene.addr: 0 anonymous, 5
 * pages in a block of 8; 1 SHARED of file 0, 5 pages; 2 file 1, 3 pages, joined; 3 a copy of it; 4 direct, 4 pages of
 * file 3, which is put; 5 host file 100, 3 pages. File 2 is empty. */
crash_setup_fn scene_mixed;
/* File 0 with holes and single pages, private direct mappings that overlap: mm's of pages 10 to 19 is addr[0]. */
crash_setup_fn scene_file;
/* The same, cut to 11 pages: a torn mapping. */
crash_setup_fn scene_torn;
/* So many mappings that exit takes several steps; a torn one that takes several by itself. */
crash_setup_fn scene_many;
/* File 0 of 150 single pages. */
crash_setup_fn scene_large;
/* Segments of 3 pages, their ids in scene.shm: 0 of key 5, mm has it twice and other once; 1 marked, mm has it once, at
 * addr[0]; 2 of key 6, without attaches. */
crash_setup_fn scene_shm;
/* Who made them. */
extern const struct nommu_shm_caller scene_caller;
/* mm was killed twice while a file was being read for a copy. */
crash_setup_fn scene_pending;

#endif
