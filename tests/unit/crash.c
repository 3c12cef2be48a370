/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crash - stopping operations in the middle; see crash.h.
 */
#include "crash.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct crash *current; /* whose task the victim's handle has: os.task has no argument */

/* A task that is not inside is asked for before the lock is. */
static struct nommu_task *victim_task(void)
{
	struct crash *c = current;

	if (c->refusing && !c->task.inside && c->locks++ == c->refuse) {
		c->scene.victim->lock->word = (uint32_t)getppid();
		c->scene.victim->lock->since = UINT64_MAX;
	}
	return &c->task;
}

static void let_go(struct crash *c)
{
	struct seg_lock *lock = c->scene.victim->lock;

	if ((lock->word & FUTEX_TID_MASK) == (uint32_t)getppid())
		lock->word = 0;
}

static long victim_syscall(long number, long a, long b, long d, long e, long f, long g)
{
	if (current->refusing && number == SYS_futex && b == FUTEX_WAIT) {
		let_go(current);
		return -EAGAIN;
	}
	return os_syscall(number, a, b, d, e, f, g);
}

static bool at_event(struct nommu_board *b, void *arg)
{
	struct crash *c = arg;
	uint64_t count = b->journal->count;

	if (!c->counting)
		return true;
	if (count > c->most)
		c->most = count;
	if (count == 0)
		memcpy(c->begun, b->base, c->size);
	if (c->events++ == c->stop)
		longjmp(c->out, 1);
	return true;
}

void crash_open(struct crash *c, enum nommu_profile profile, crash_setup_fn *setup)
{
	struct nommu_config config;
	struct nommu_why why = { "" };
	int fds[NOMMU_WINDOWS_MAX + 1], result;

	memset(c, 0, sizeof(*c));
	current = c;
	c->os = os_host;
	c->os.task = victim_task;
	c->os.syscall = victim_syscall;
	c->os.journal_full = at_event;
	c->os.arg = c;
	nommu_config_init(&config);
	config.ram = 512 * NOMMU_PAGE_SIZE;
	config.profile = profile;
	config.max_order = 7;
	config.trim = 0; /* so that there is slack */
	config.vmas = 96;
	config.files = 16;
	config.mms = 8;
	config.shms = 4;
	result = nommu_board_create(&config, &c->os, &c->scene.victim, &why);
	ck_assert_msg(result == 0, "nommu_board_create: %d: %s", result, why.text);
	result = nommu_board_attach(fds, (unsigned)nommu_board_fds(c->scene.victim, fds), NULL, true,
				    &c->scene.survivor, &why);
	ck_assert_msg(result == 0, "nommu_board_attach: %d: %s", result, why.text);
	ck_assert_int_eq(nommu_mm_create(c->scene.survivor, getpid(), "victim", &c->scene.mm), 0);
	ck_assert_int_eq(nommu_mm_create(c->scene.survivor, getpid(), "other", &c->scene.other), 0);
	setup(&c->scene);
	c->size = c->scene.victim->size;
	c->prepared = malloc(c->size);
	c->begun = malloc(c->size);
	memcpy(c->prepared, c->scene.victim->base, c->size);
	c->scene.victim->journal_max = 0;
}

void crash_close(struct crash *c)
{
	nommu_board_close(c->scene.survivor);
	nommu_board_close(c->scene.victim);
	free(c->prepared);
	free(c->begun);
}

void crash_reset(struct crash *c)
{
	memcpy(c->scene.victim->base, c->prepared, c->size);
}

/* What the kernel does to the lock of a task that ends inside, and what its death does to its own memory. */
static void die(struct crash *c)
{
	struct seg_lock *lock = c->scene.victim->lock;
	void **robust = c->task.robust;

	if ((lock->word & FUTEX_TID_MASK) == c->task.tid)
		lock->word = (lock->word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
	robust[2] = c->task.saved_pending;
	c->task.inside = 0;
	c->scene.victim->damaged = false;
}

bool crash_run(struct crash *c, crash_run_fn *run, uint64_t stop, int *result)
{
	c->events = 0;
	c->stop = stop;
	c->counting = true;
	if (setjmp(c->out)) {
		c->counting = false;
		return true;
	}
	*result = run(c->scene.victim, &c->scene);
	c->counting = false;
	return false;
}

bool crash_run_busy(struct crash *c, crash_run_fn *run, uint64_t nth, int *result)
{
	c->locks = 0;
	c->refuse = nth;
	c->refusing = true;
	nommu_board_set_nonblocking(c->scene.victim, true);
	*result = run(c->scene.victim, &c->scene);
	nommu_board_set_nonblocking(c->scene.victim, false);
	c->refusing = false;
	let_go(c);
	return c->locks > nth;
}

static bool wrong(struct crash *c, const char *what, uint64_t where)
{
	snprintf(c->error, sizeof(c->error), "%s (at %#llx of the segment, tables from %#llx)", what,
		 (unsigned long long)where, (unsigned long long)SEG_TABLES_AT);
	return false;
}

/* Not undone: the lock, the journal itself, the count of recoveries. */
static bool is_exempt(uint64_t where)
{
	if (where >= SEG_LOCK_AT && where < SEG_TABLES_AT)
		return true;
	return where >= SEG_HEADER_AT + offsetof(struct seg_header, recoveries) &&
	       where < SEG_HEADER_AT + offsetof(struct seg_header, recoveries) + sizeof(uint64_t);
}

static bool has_entry(const struct seg_journal *journal, uint64_t where, uint32_t old)
{
	for (uint64_t i = 0; i < journal->count; i++) {
		uint64_t at = journal->undo[i].where & ~1ULL, value = journal->undo[i].old;

		if (at == where)
			return (uint32_t)value == old;
		if (journal->undo[i].where & 1 && at + 4 == where)
			return (uint32_t)(value >> 32) == old;
	}
	return false;
}

/* The next word from @at on that is not what it was at the start of the transaction, though it must be or have an
 * entry; the segment's size if there is none. */
static uint64_t next_change(const struct crash *c, const char *now, uint64_t at)
{
	for (; at < c->size; at += 4) {
		/* Most pages are as they were. */
		while (at < c->size && at % 4096 == 0 && !memcmp(now + at, c->begun + at, 4096))
			at += 4096;
		if (at < c->size && memcmp(now + at, c->begun + at, 4) && !is_exempt(at))
			break;
	}
	return at < c->size ? at : c->size;
}

bool crash_covered(struct crash *c)
{
	const char *now = c->scene.victim->base;

	for (uint64_t at = next_change(c, now, 0); at < c->size; at = next_change(c, now, at + 4)) {
		uint32_t old;

		memcpy(&old, c->begun + at, sizeof(old));
		if (!has_entry(c->scene.victim->journal, at, old))
			return wrong(c, "a word was changed without an entry that has what it was", at);
	}
	return true;
}

/* Undo the last @n entries by hand, leaving the journal as it is. */
static void undo(struct crash *c, uint64_t n)
{
	const struct seg_journal *journal = c->scene.victim->journal;

	for (uint64_t i = journal->count; n--;) {
		uint64_t where = journal->undo[--i].where;

		memcpy(c->scene.victim->base + (where & ~1ULL), &journal->undo[i].old, where & 1 ? 8 : 4);
	}
}

bool crash_recover(struct crash *c, enum crash_death death)
{
	struct nommu_board *b = c->scene.survivor;
	uint64_t recoveries = b->header->recoveries, count = b->journal->count, at;
	struct nommu_why why = { "" };
	int result;

	if (death == CRASH_UNWRITTEN && count)
		undo(c, 1);
	if (death == CRASH_IN_RECOVERY)
		undo(c, count - count / 3);
	die(c);
	result = nommu_board_wait(b, 1000);
	if (result)
		return wrong(c, "the survivor does not get the lock", (uint64_t)-result);
	if (b->header->recoveries != recoveries + 1 || b->journal->count)
		return wrong(c, "there was no recovery", b->journal->count);
	at = next_change(c, b->base, 0);
	if (at < c->size)
		return wrong(c, "a word is not what it was at the start of the transaction", at);
	if (nommu_verify(b, &why)) {
		snprintf(c->error, sizeof(c->error), "nommu_verify after recovery: %.200s", why.text);
		return false;
	}
	return true;
}

static void put_all(struct crash *c)
{
	struct nommu_board *b = c->scene.survivor;
	static const struct nommu_shm_caller anyone = { .may = NOMMU_SHM_ANY_OWNER };
	struct nommu_verdict verdict;
	struct nommu_mm_info *infos;
	size_t count;

	if (nommu_mms(b, &infos, &count) == 0) {
		for (size_t i = 0; i < count; i++)
			nommu_mm_exit(b, &infos[i].mm);
		free(infos);
	}
	for (uint32_t id = 1; id <= b->header->table[TABLE_SHMS].high; id++)
		if (shm_at(b, id)->state)
			nommu_shm_remove(b, &anyone, shm_id(b, id), &verdict);
	for (uint32_t id = 1; id <= b->header->table[TABLE_FILES].high; id++)
		nommu_file_put(b, id);
}

void crash_nudge(struct crash *c)
{
	struct nommu_file_attr attr;
	uint32_t file;

	nommu_file_attr_ram(&attr);
	ck_assert_int_eq(nommu_file_create(c->scene.survivor, &(struct nommu_id){ .ino = 4711 }, &attr, &file), 0);
	ck_assert_int_eq(nommu_file_put(c->scene.survivor, file), 0);
}

bool crash_empties(struct crash *c)
{
	struct nommu_stats s;
	struct nommu_why why = { "" };

	put_all(c);
	if (nommu_stats(c->scene.survivor, &s) || nommu_verify(c->scene.survivor, &why)) {
		snprintf(c->error, sizeof(c->error), "the emptied board does not verify: %.200s", why.text);
		return false;
	}
	if (s.free_pages == s.pages && !s.files && !s.regions && !s.vmas && !s.mms && !s.shms && !s.pending_pages &&
	    !s.orphan_pages)
		return true;
	snprintf(c->error, sizeof(c->error),
		 "left on the emptied board: %llu of %llu pages free, %u files, %u regions, %u vmas, %u mms, %llu "
		 "pending, "
		 "%llu orphans",
		 (unsigned long long)s.free_pages, (unsigned long long)s.pages, s.files, s.regions, s.vmas, s.mms,
		 (unsigned long long)s.pending_pages, (unsigned long long)s.orphan_pages);
	return false;
}
