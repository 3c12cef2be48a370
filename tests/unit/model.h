/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model - what a board must do, told naively: plain arrays, every search a loop, nothing shared with the engine.
 *
 * Each model_ operation predicts the answer, makes the call, compares the two and carries the effect over. The model
 * does not predict which free pages are chosen; it learns their addresses from the engine and checks that they were
 * free, aligned and in RAM. It knows the bytes of every page in use.
 *
 * An operation returns true if engine and model agree; else model.error says how they differ, for good: the model is
 * of no use afterwards. Not for more than one thread.
 */
#ifndef MODEL_H
#define MODEL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "nommu.h"

#define MODEL_RAM_MAX   256 /* pages */
#define MODEL_FILES_MAX 24
#define MODEL_VMAS_MAX  192
#define MODEL_MMS_MAX   6
#define MODEL_LOG       16

enum model_backing {
	MODEL_RAM = 1,
	MODEL_WINDOW,
	MODEL_HOST,
};

struct model_file {
	enum model_backing backing; /* 0: unused */
	bool named;                 /* may be asked for; if not, it goes with its last mapping */
	uint32_t handle;
	struct nommu_id id;
	struct nommu_file_attr attr;
	uint64_t size;
	int page[MODEL_RAM_MAX]; /* RAM: which page of RAM it is, -1 in a hole */
	uint64_t addr;           /* window: where its first byte lies */
	unsigned char *bytes;    /* host: what the read callback gives, MODEL_HOST_SIZE of them */
	int read_error;          /* host: what the callback answers, from read_error_at on */
	uint64_t read_error_at;
	uint32_t mappings, closes;
};

#define MODEL_HOST_SIZE (12 * NOMMU_PAGE_SIZE)

struct model_region {
	bool used;
	bool shareable;
	uint32_t how; /* enum nommu_how */
	int file;     /* -1: anonymous */
	uint64_t start;
	uint64_t pgoff;
	unsigned pages; /* reached so far; mremap never makes it less */
	unsigned block; /* taken, with the slack; 0: direct */
	unsigned users;
	bool unordered; /* of two alike users one went: who is the first one now is not known */
};

struct model_vma {
	bool used;
	int mm, region;
	uint64_t start, pgoff;
	unsigned pages;
	int prot;
	char share; /* as in struct nommu_map */
	uint64_t asked;
	uint64_t serial; /* a later mapping has a higher one */
};

struct model_mm {
	bool used;
	struct nommu_mm id;
	int32_t pid;
};

enum model_owner {
	MODEL_FREE = 0,
	MODEL_FILE,
	MODEL_ORPHAN, /* cut from its file under a private direct mapping */
	MODEL_REGION,
};

/* An operation as it is printed: words of labels name the arguments. */
struct model_op {
	const char *name, *labels;
	uint64_t arg[8];
	uint64_t step;
};

struct model {
	struct nommu_board *board[2]; /* handles, used in turn; the second may be NULL */
	uint64_t random;
	uint64_t step;
	enum nommu_profile profile;
	unsigned pages, max_order, trim;
	uint64_t ram;                  /* address */
	struct nommu_window window[2]; /* ROM, device */
	unsigned char *window_bytes[2];
	unsigned char *bytes;               /* of RAM */
	unsigned char owner[MODEL_RAM_MAX]; /* enum model_owner */
	unsigned vmas_max, files_max, mms_max;
	uint64_t next_ino, next_serial;
	struct model_file file[MODEL_FILES_MAX];
	struct model_region region[MODEL_VMAS_MAX];
	struct model_vma vma[MODEL_VMAS_MAX];
	struct model_mm mm[MODEL_MMS_MAX];
	struct model_op log[MODEL_LOG];
	uint64_t logged;
	uint64_t refused[NOMMU_RULE_COUNT], succeeded[NOMMU_RULE_COUNT]; /* verdicts, by rule */
	uint64_t partials;
	char error[1024];
};

/* ---- model.c: the board and its pages ---- */

struct model_config {
	enum nommu_profile profile;
	unsigned pages, max_order, trim;
	unsigned vmas, files, mms;
	bool two_handles;
};

/* Make a board with windows and the model of it. @seed is never 0. */
bool model_open(struct model *m, const struct model_config *config, uint64_t seed);
void model_close(struct model *m);

/* A number below @n. */
unsigned model_random(struct model *m, unsigned n);
struct nommu_board *model_board(struct model *m);
void model_log(struct model *m, const char *name, const char *labels, const uint64_t *args, unsigned count);
void model_print(const struct model *m);
bool model_fail(struct model *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

unsigned model_pages(uint64_t bytes); /* UINT32_MAX beyond it */
unsigned model_order(unsigned pages);
unsigned model_free(const struct model *m);
/* The order of the largest free block; -1. */
int model_largest(const struct model *m);
/* Whether a block of 2^order pages is free. */
bool model_fits(const struct model *m, unsigned order);
/* The page of RAM at this address; -1. */
int model_page(const struct model *m, uint64_t addr);
/* Make free pages somebody's, with bytes of zero. */
bool model_take(struct model *m, int page, unsigned pages, enum model_owner owner);
void model_give(struct model *m, int page, unsigned pages);
/* The bytes that must be at this address, which is in one of the board's windows. */
unsigned char *model_bytes(struct model *m, uint64_t addr);

/* An unused record; -1: the engine's table is full too. */
int model_free_vma(const struct model *m);
int model_free_region(const struct model *m);

/* ---- model_file.c: files ---- */

bool model_file_create(struct model *m, int *file);
bool model_file_create_in(struct model *m, unsigned window, uint64_t offset, uint64_t size,
			  const struct nommu_file_attr *attr, int *file);
void model_file_create_host(struct model *m, uint64_t size, int *file);
bool model_file_put(struct model *m, int file);
bool model_file_truncate(struct model *m, int file, uint64_t size);
bool model_file_write(struct model *m, int file, uint64_t offset, unsigned len);
bool model_file_fill(struct model *m, int file, uint64_t offset, uint64_t len);
bool model_file_set_attr(struct model *m, int file, const struct nommu_file_attr *attr);
/* Read it through the engine and compare. */
bool model_file_read(struct model *m, int file);
/* Where page @pgoff of a file in RAM must be read: its bytes. */
void model_file_snapshot(struct model *m, int file, uint64_t pgoff, unsigned pages, unsigned char *to);
/* Whether nobody is left who wants the file: then it is gone, with its pages. */
void model_file_unwanted(struct model *m, int file);

/* ---- model_rules.c: what RULES says of mmap ---- */

struct model_call {
	int mm, file; /* file -1: anonymous */
	uint64_t addr, length;
	int prot, flags;
	int64_t offset;
	uint32_t fd, task;
};

struct model_answer {
	int error;
	enum nommu_rule rule;
	enum nommu_how how;
	int join;      /* region; -1 */
	uint64_t addr; /* known for direct and joined mappings */
	unsigned pages;
	uint64_t pgoff;
	bool shared, shareable;
	int prot;
};

void model_decide(const struct model *m, const struct model_call *call, struct model_answer *answer);

/* ---- model_map.c ---- */

bool model_mmap(struct model *m, const struct model_call *call);
/* Store through a mapping. */
void model_store(struct model *m, int vma, uint64_t offset, unsigned len, unsigned char value);
/* Whether all pages of a direct region are (still) the file's. */
bool model_region_whole(const struct model *m, const struct model_region *region);

/* ---- model_unmap.c ---- */

bool model_munmap(struct model *m, int mm, uint64_t addr, uint64_t length);
bool model_mremap(struct model *m, int mm, uint64_t addr, uint64_t old_length, uint64_t new_length, int flags,
		  uint64_t fixed);
bool model_mm_create(struct model *m);
bool model_mm_exit(struct model *m, int mm);

/* ---- model_check.c: comparing all that can be seen ---- */

bool model_verify(struct model *m);
bool model_check_stats(struct model *m);
bool model_check_files(struct model *m);
bool model_check_maps(struct model *m);
bool model_check_bytes(struct model *m);
bool model_check_span(struct model *m, uint64_t addr, uint64_t len);

#endif
