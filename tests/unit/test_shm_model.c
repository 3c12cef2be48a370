/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_shm_model - System V segments, by random calls, beside a model that is as simple as can be.
 *
 * The seed is printed, and stands in the message of a failure; SHM_SEED=n runs that one again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shm_board.h"
#include "suites.h"

#define MMS    3
#define CALLS  4000
#define KEYS   4
#define FILLER 0x41

/* A segment as it should be. */
struct segment {
	bool live, marked;
	int32_t id, key;
	uint64_t size, addr;
	uint32_t mode;
	unsigned attaches[MMS];
};

struct model {
	uint64_t random;
	unsigned seed, call;
	struct segment segment[SHMS];
	struct nommu_mm mm[MMS];
	int32_t gone[8]; /* ids that were */
	unsigned gones;
};

#define MUST(condition) \
	ck_assert_msg(condition, "SHM_SEED=%u, call %u: %s; last verdict %d by %s", m->seed, m->call, #condition, v.error, \
		      nommu_rule_name(v.rule))

static unsigned pick(struct model *m, unsigned below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (unsigned)(m->random >> 11) % below;
}

static unsigned attaches(const struct segment *s)
{
	unsigned sum = 0;

	for (int i = 0; i < MMS; i++)
		sum += s->attaches[i];
	return sum;
}

static unsigned live(const struct model *m)
{
	unsigned count = 0;

	for (int i = 0; i < SHMS; i++)
		count += m->segment[i].live;
	return count;
}

/* A marked one without attaches goes. */
static void settle(struct model *m)
{
	for (int i = 0; i < SHMS; i++) {
		struct segment *s = &m->segment[i];

		if (!s->live || !s->marked || attaches(s))
			continue;
		m->gone[m->gones++ % 8] = s->id;
		s->live = false;
	}
}

static struct segment *by_key(struct model *m, int32_t key)
{
	for (int i = 0; i < SHMS; i++)
		if (m->segment[i].live && m->segment[i].key == key && key != IPC_PRIVATE)
			return &m->segment[i];
	return NULL;
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

static int answer_get(const struct model *m, const struct segment *s, int32_t key, uint64_t size, int flags)
{
	unsigned bits = (unsigned)(flags >> 6 | flags >> 3 | flags) & 7;

	if (s) {
		if (flags & IPC_CREAT && flags & IPC_EXCL)
			return -EEXIST;
		if (size > s->size)
			return -EINVAL;
		return (s->mode >> 6 & bits) == bits ? 0 : -EACCES;
	}
	if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
		return -ENOENT;
	if (!size)
		return -EINVAL;
	if (size > 32 * PAGE)
		return -EFBIG;
	return live(m) == SHMS ? -ENOSPC : 0;
}

static void created(struct model *m, struct segment *s, int32_t key, uint64_t size, int flags, int32_t id)
{
	const char *bytes = (char *)v.addr;

	for (s = m->segment; s->live; s++)
		;
	*s = (struct segment){ .live = true, .id = id, .key = key, .size = size, .addr = v.addr,
			       .mode = (uint32_t)flags & 0777 };
	for (uint64_t i = 0; i < page_align(size); i++)
		MUST(bytes[i] == 0);
	memset((void *)v.addr, FILLER + (int)(s - m->segment), size);
}

static void call_get(struct model *m)
{
	static const int modes[] = { 0, 0400, 0600, 0700, 0666 };
	int32_t key = (int32_t)pick(m, KEYS), id = -1;
	uint64_t size = pick(m, 10) ? pick(m, 4 * 4096) : pick(m, 2) * 33 * PAGE;
	int flags = modes[pick(m, 5)] | (pick(m, 3) ? IPC_CREAT : 0) | (pick(m, 3) ? 0 : IPC_EXCL);
	struct segment *s = by_key(m, key);
	int wanted = answer_get(m, s, key, size, flags);
	int result = nommu_shm_get(b, &m->mm[pick(m, MMS)], &maker, key, size, flags, &id, &v);

	MUST(result == wanted && v.error == wanted);
	if (result)
		return;
	MUST(v.rule == (s ? NOMMU_RULE_SHM_FOUND : NOMMU_RULE_SHM_CREATED));
	if (s)
		MUST(id == s->id);
	else
		created(m, s, key, size, flags, id);
}

static void call_attach(struct model *m)
{
	struct segment *s = &m->segment[pick(m, SHMS)];
	unsigned i = pick(m, MMS);
	bool reading = pick(m, 2);
	unsigned bits = reading ? 4 : 6;
	int result;

	/* Of one that never was the id is 0, which may be another's. */
	if (!s->size)
		return;
	result = nommu_shm_attach(b, &m->mm[i], &maker, s->id, 0, reading ? SHM_RDONLY : 0, &v);
	MUST(result == (!s->live ? -EINVAL : (s->mode >> 6 & bits) == bits ? 0 : -EACCES));
	if (result)
		return;
	MUST(v.addr == s->addr);
	s->attaches[i]++;
}

static void call_detach(struct model *m)
{
	struct segment *s = &m->segment[pick(m, SHMS)];
	unsigned i = pick(m, MMS);
	uint64_t addr = s->addr + (pick(m, 8) ? 0 : PAGE);
	struct segment *there = NULL;
	int result;

	for (int n = 0; n < SHMS; n++)
		if (m->segment[n].live && m->segment[n].addr == addr && m->segment[n].attaches[i])
			there = &m->segment[n];
	if (pick(m, 4))
		result = nommu_shm_detach(b, &m->mm[i], addr, &v);
	else
		result = nommu_munmap(b, &m->mm[i], addr, there ? there->size : PAGE, &v);
	MUST(result == (there ? 0 : -EINVAL));
	if (there)
		there->attaches[i]--;
}

static void call_remove(struct model *m)
{
	struct segment *s = &m->segment[pick(m, SHMS)];

	if (!s->live)
		return;
	MUST(nommu_shm_remove(b, &maker, s->id, &v) == 0);
	MUST(v.rule == (attaches(s) ? NOMMU_RULE_SHM_MARKED : NOMMU_RULE_SHM_REMOVED));
	s->marked = true;
	s->key = IPC_PRIVATE;
}

static void call_set(struct model *m)
{
	struct segment *s = &m->segment[pick(m, SHMS)];

	if (!s->live)
		return;
	s->mode = pick(m, 0777);
	MUST(nommu_shm_set(b, &maker, s->id, maker.uid, maker.gid, s->mode, &v) == 0);
}

static void call_exit(struct model *m)
{
	unsigned i = pick(m, MMS);

	MUST(nommu_mm_exit(b, &m->mm[i]) == 0);
	MUST(nommu_mm_create(b, (pid_t)i, "again", &m->mm[i]) == 0);
	for (int n = 0; n < SHMS; n++)
		m->segment[n].attaches[i] = 0;
}

/* ---- is all as it should be? ----------------------------------------------------------------------------------- */

static void compare(struct model *m)
{
	struct nommu_why why = { "" };
	uint64_t taken = 0;
	struct nommu_shm shm;

	for (int i = 0; i < SHMS; i++) {
		const struct segment *s = &m->segment[i];
		const char *bytes = (char *)s->addr;

		if (!s->live)
			continue;
		MUST(nommu_shm_stat(b, NULL, s->id, &shm, &v) == 0);
		MUST(shm.key == s->key && shm.size == s->size && shm.attaches == attaches(s));
		MUST(shm.mode == (s->mode | (s->marked ? SHM_DEST : 0)));
		MUST(bytes[0] == FILLER + i && bytes[s->size - 1] == FILLER + i);
		taken += page_count(s->size);
	}
	for (unsigned i = 0; i < 8 && i < m->gones; i++)
		MUST(nommu_shm_stat(b, NULL, m->gone[i], &shm, &v) == -EINVAL);
	MUST(free_pages() == PAGES - taken);
	ck_assert_msg(nommu_verify(b, &why) == 0, "SHM_SEED=%u, call %u: %s", m->seed, m->call, why.text);
}

static void run(unsigned seed, enum nommu_profile profile)
{
	static void (*const calls[])(struct model *) = { call_get,    call_get,	   call_get,	call_attach,
							 call_attach, call_attach, call_detach, call_detach,
							 call_detach, call_remove, call_set,	call_exit };
	struct model model = { .random = (seed + 1) * 0x9e3779b97f4a7c15ULL, .seed = seed }, *m = &model;

	open_board(profile);
	for (int i = 0; i < MMS; i++)
		MUST(nommu_mm_create(b, i, "model", &m->mm[i]) == 0);
	for (m->call = 0; m->call < CALLS; m->call++) {
		calls[pick(m, sizeof(calls) / sizeof(*calls))](m);
		settle(m);
		compare(m);
	}
	close_board();
}

START_TEST(random_calls)
{
	const char *said = getenv("SHM_SEED");
	unsigned seed = said ? (unsigned)strtoul(said, NULL, 10) : (unsigned)time(NULL);

	printf("shm: SHM_SEED=%u\n", seed);
	fflush(stdout);
	run(seed, (enum nommu_profile)_i);
	run(1, (enum nommu_profile)_i);
}
END_TEST

SUITE(shm_model)
{
	Suite *suite = suite_create("shm_model");
	TCase *tcase = tcase_create("profiles");

	tcase_set_timeout(tcase, 120);
	in_both(tcase, random_calls);
	suite_add_tcase(suite, tcase);
	return suite;
}
