/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * torture - what the torture programs share: a board, victims that map and unmap on it for ever, and the checks that it
 * outlives them.
 *
 * The program itself is the board's daemon: it makes the board, the files and the mms, and lets an mm exit when its
 * process is gone. It is the subreaper of its victims' children too.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/segment.h"

#define T_PAGE     ((uint64_t)NOMMU_PAGE_SIZE)
#define T_FILES    4
#define T_KEPT     12
#define T_SLOTS    3
#define T_LIFETIME 300 /* seconds */

/* One victim and its children, in memory that they share with the killer. */
struct t_slot {
	pid_t pid;
	volatile pid_t child; /* of the victim's making */
	volatile int ready;
	volatile uint64_t ops;
	struct nommu_mm mm, second;
	unsigned kind;
};

struct t_control {
	struct t_slot slot[T_SLOTS];
	volatile int go;
};

struct torture {
	struct nommu_board *board;
	struct t_control *control;
	int control_fd;
	int fds[NOMMU_WINDOWS_MAX + 1];
	int count;
	uint32_t file[T_FILES];
	uint64_t random;
};

static inline void t_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static inline void t_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	/* No victim may outlive this. */
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	_exit(1);
}

static inline uint32_t t_random(uint64_t *state, uint32_t n)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 0x2545f4914f6cdd1dULL >> 32) * n >> 32);
}

static inline uint64_t t_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static inline void t_sleep_us(uint32_t us)
{
	struct timespec nap = { us / 1000000u, (long)(us % 1000000u) * 1000 };

	nanosleep(&nap, NULL);
}

static inline void t_must(int result, const char *what)
{
	if (result)
		t_die("%s: %d", what, result);
}

/* ---- the daemon's side ---- */

static inline void t_open(struct torture *t, enum nommu_profile profile)
{
	struct nommu_config config;
	struct nommu_why why = { "" };
	struct nommu_file_attr attr;

	memset(t, 0, sizeof(*t));
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	t->random = (uint64_t)time(NULL) * 2654435761u | 1;
	nommu_config_init(&config);
	config.ram = 512 * T_PAGE;
	config.max_order = 6;
	config.profile = profile;
	config.vmas = 512;
	config.files = 32;
	config.mms = 32;
	if (nommu_board_create(&config, NULL, &t->board, &why))
		t_die("nommu_board_create: %s", why.text);
	t->count = nommu_board_fds(t->board, t->fds);
	t->control_fd = memfd_create("control", 0);
	if (t->control_fd < 0 || ftruncate(t->control_fd, sizeof(*t->control)))
		t_die("memfd: %s", strerror(errno));
	t->control = mmap(NULL, sizeof(*t->control), PROT_READ | PROT_WRITE, MAP_SHARED, t->control_fd, 0);
	nommu_file_attr_ram(&attr);
	for (int i = 0; i < T_FILES; i++) {
		t_must(nommu_file_create(t->board, &(struct nommu_id){ .ino = (uint64_t)i + 1 }, &attr, &t->file[i]),
		       "create");
		t_must(nommu_file_truncate(t->board, t->file[i], (uint64_t)(i + 2) * 3 * T_PAGE), "truncate");
	}
}

static inline void t_verify(struct torture *t, const char *when)
{
	struct nommu_why why = { "" };
	int result = nommu_verify(t->board, &why);

	if (result)
		t_die("%s: nommu_verify: %d: %s", when, result, why.text);
}

static inline uint64_t t_recoveries(struct torture *t)
{
	struct nommu_stats s;

	t_must(nommu_stats(t->board, &s), "stats");
	return s.recoveries;
}

/* No victim lives: their memory must be back. */
static inline void t_all_back(struct torture *t, const char *when)
{
	struct nommu_stats s;

	t_verify(t, when);
	t_must(nommu_stats(t->board, &s), "stats");
	if (s.vmas || s.regions || s.mms || s.anon_pages || s.pending_pages || s.orphan_pages || s.files != T_FILES ||
	    s.free_pages + s.file_pages != s.pages)
		t_die("%s: left over: %u vmas, %u regions, %u mms, %llu anonymous, %llu pending, %llu orphan pages, %u "
		      "files, "
		      "%llu of %llu pages free, %llu of files",
		      when, s.vmas, s.regions, s.mms, (unsigned long long)s.anon_pages,
		      (unsigned long long)s.pending_pages, (unsigned long long)s.orphan_pages, s.files,
		      (unsigned long long)s.free_pages, (unsigned long long)s.pages, (unsigned long long)s.file_pages);
}

/* At the very end: the files go too. */
static inline void t_close(struct torture *t)
{
	struct nommu_stats s;

	for (int i = 0; i < T_FILES; i++)
		t_must(nommu_file_put(t->board, t->file[i]), "put");
	t_must(nommu_stats(t->board, &s), "stats");
	if (s.free_pages != s.pages || s.files)
		t_die("at the end %llu of %llu pages are free, %u files", (unsigned long long)s.free_pages,
		      (unsigned long long)s.pages, s.files);
	t_verify(t, "at the end");
	nommu_board_close(t->board);
}

/* The daemon changes a file under the victims. */
static inline void t_daemon_work(struct torture *t)
{
	static const char bytes[3000] = "daemon";
	uint32_t file = t->file[t_random(&t->random, T_FILES)];
	ssize_t result;

	switch (t_random(&t->random, 3)) {
	case 0:
		result = nommu_file_truncate(t->board, file, t_random(&t->random, 2) * 6 * T_PAGE);
		break;
	case 1:
		result = nommu_file_fill(t->board, file, 0, 20 * T_PAGE);
		break;
	default:
		result = nommu_file_write(t->board, file, bytes, sizeof(bytes), t_random(&t->random, 18) * T_PAGE);
		break;
	}
	if (result < 0 && result != -ETXTBSY && result != -ENOMEM && result != -ENOSPC)
		t_die("the daemon's own change: %zd", result);
}

/* ---- the victims' side ---- */

static inline ssize_t t_read_host(void *arg, void *buf, size_t len, uint64_t offset)
{
	(void)arg;
	if (offset >= 5 * T_PAGE)
		return 0;
	len = len < 5 * T_PAGE - offset ? len : 5 * T_PAGE - offset;
	memset(buf, (int)(offset >> 12), len);
	return (ssize_t)len;
}

struct t_kept {
	uint64_t addr, length;
};

static inline int t_map(struct nommu_board *b, const struct nommu_mm *mm, uint64_t *random, struct t_kept *kept)
{
	static const struct nommu_file_attr host = { .kind = NOMMU_KIND_REGULAR, .address_op = NOMMU_OP_NONE };
	struct nommu_request r = { .length = (1 + t_random(random, 6)) * T_PAGE,
				   .prot = PROT_READ,
				   .flags = MAP_PRIVATE,
				   .fd = NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE };
	struct nommu_verdict v;
	int result;

	switch (t_random(random, 8)) {
	case 0:
	case 1:
	case 2:
		r.flags |= MAP_ANONYMOUS;
		break;
	case 3:
		r.host = &host;
		r.id = (struct nommu_id){ .dev = 8, .ino = 1 + t_random(random, 3) };
		r.read = t_read_host;
		break;
	case 4:
		r.flags = MAP_SHARED;
		r.id.ino = 1 + t_random(random, T_FILES);
		break;
	case 5:
		r.prot |= PROT_WRITE;
		r.id.ino = 1 + t_random(random, T_FILES);
		break;
	default:
		r.id.ino = 1 + t_random(random, T_FILES);
		r.offset = (int64_t)(t_random(random, 4) * T_PAGE);
		break;
	}
	result = nommu_mmap(b, mm, &r, &v);
	if (result)
		return result;
	*kept = (struct t_kept){ v.addr, r.length };
	return 0;
}

/* One operation. Answers that a program may get are no failure. */
static inline void t_operate(struct nommu_board *b, const struct nommu_mm *mm, uint64_t *random, struct t_kept *kept,
			     unsigned *count)
{
	struct nommu_verdict v;
	int result;

	if (*count < T_KEPT && t_random(random, 2)) {
		result = t_map(b, mm, random, &kept[*count]);
		*count += result == 0;
		if (result && result != -ENOMEM && result != -ENODEV && result != -EINVAL)
			t_die("mmap: %d by %u", result, v.rule);
		return;
	}
	if (!*count)
		return;
	unsigned i = t_random(random, *count);

	if (t_random(random, 8) == 0) {
		uint64_t length = (1 + t_random(random, 6)) * T_PAGE;

		if (nommu_mremap(b, mm, kept[i].addr, kept[i].length, length, 0, 0, &v) == 0)
			kept[i].length = length;
		return;
	}
	result = nommu_munmap(b, mm, kept[i].addr, kept[i].length, &v);
	if (result)
		t_die("munmap of what was mapped: %d", result);
	kept[i] = kept[--*count];
}

static inline void t_work(struct nommu_board *b, struct t_slot *slot, const struct nommu_mm *mm, uint64_t seed)
	__attribute__((noreturn));
static inline void t_work(struct nommu_board *b, struct t_slot *slot, const struct nommu_mm *mm, uint64_t seed)
{
	struct t_kept kept[T_KEPT];
	uint64_t random = seed * 0x9e3779b97f4a7c15ULL | 1;
	unsigned count = 0;

	/* Should the killer itself be killed, nobody else ends this. */
	alarm(T_LIFETIME);
	slot->ready = 1;
	for (;;) {
		t_operate(b, mm, &random, kept, &count);
		slot->ops++;
	}
}

/* In a child: a handle of its own on the board whose windows it inherited, or not (after exec). */
static inline struct nommu_board *t_attach(const int *fds, int count, bool inherited)
{
	struct nommu_board *board;
	struct nommu_why why = { "" };
	int result = nommu_board_attach(fds, (unsigned)count, NULL, inherited, &board, &why);

	if (result)
		t_die("nommu_board_attach: %d: %s", result, why.text);
	return board;
}

static inline void t_wait_ready(const struct t_slot *slot)
{
	uint64_t begin = t_now_us();

	while (!slot->ready) {
		if (t_now_us() - begin > 20000000)
			t_die("a victim of kind %u does not get going", slot->kind);
		t_sleep_us(50);
	}
}

#endif
