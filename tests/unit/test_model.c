/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_model - random sequences of operations by several processes, against the model.
 *
 * NOMMU_SEED picks the sequence, NOMMU_STEPS its length. After each operation the answers are compared and the board
 * is verified; figures now and then, and everything that can be seen a little less often.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model.h"
#include "suites.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STEPS 300000
#else
#define STEPS 2000000
#endif
#define STEPS_PER_BOARD 5000
#define STEPS_PER_CHECK 64

#define PAGE ((unsigned)NOMMU_PAGE_SIZE)

/* A number below @n, small ones far more often. */
static unsigned small(struct model *m, unsigned n)
{
	return model_random(m, 1 + model_random(m, 1 + model_random(m, n)));
}

static int pick_mm(struct model *m)
{
	int slot = (int)model_random(m, MODEL_MMS_MAX);

	for (int i = 0; i < MODEL_MMS_MAX; i++, slot = (slot + 1) % MODEL_MMS_MAX)
		if (m->mm[slot].used)
			return slot;
	return -1;
}

static int pick_vma(struct model *m)
{
	int slot = (int)model_random(m, MODEL_VMAS_MAX);

	for (int i = 0; i < MODEL_VMAS_MAX; i++, slot = (slot + 1) % MODEL_VMAS_MAX)
		if (m->vma[slot].used)
			return slot;
	return -1;
}

/* A file that can be asked for; 0: of any backing. */
static int pick_file(struct model *m, enum model_backing backing)
{
	int slot = (int)model_random(m, MODEL_FILES_MAX);

	for (int i = 0; i < MODEL_FILES_MAX; i++, slot = (slot + 1) % MODEL_FILES_MAX)
		if (m->file[slot].backing && m->file[slot].named && (!backing || m->file[slot].backing == backing))
			return slot;
	return -1;
}

static bool map_anonymous(struct model *m, int mm)
{
	static const uint64_t odd_lengths[] = { 0, 1ULL << 31, 1ULL << 32, (1ULL << 32) + 1, UINT64_MAX };
	struct model_call call = { .mm = mm, .file = -1 };

	call.length = (uint64_t)(1 + small(m, 1u << (m->max_order + 1))) * PAGE - model_random(m, PAGE);
	if (model_random(m, 64) == 0)
		call.length = odd_lengths[model_random(m, 5)];
	call.prot = (int)model_random(m, 8);
	call.flags = MAP_ANONYMOUS | (model_random(m, 2) ? MAP_PRIVATE : MAP_SHARED);
	if (model_random(m, 64) == 0)
		call.flags |= MAP_FIXED;
	if (model_random(m, 64) == 0)
		call.flags |= MAP_FIXED_NOREPLACE;
	if (model_random(m, 64) == 0)
		call.addr = m->ram + model_random(m, 20000);
	if (model_random(m, 64) == 0)
		call.offset = (int64_t)model_random(m, 8) * 2048;
	return model_mmap(m, &call);
}

static bool map_file(struct model *m, int mm)
{
	static const int prots[] = {
		PROT_READ, PROT_READ, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
		PROT_EXEC, PROT_NONE
	};
	struct model_call call = { .mm = mm, .file = pick_file(m, 0), .fd = NOMMU_FD_OPEN | NOMMU_FD_READ };
	unsigned pages = model_pages(m->file[call.file].size), first;

	first = model_random(m, 3) ? 0 : small(m, pages + 2);
	call.offset = (int64_t)first * PAGE;
	call.length = (uint64_t)(pages > first ? pages - first : 1) * PAGE;
	if (model_random(m, 3) == 0)
		call.length = (uint64_t)(1 + small(m, pages + 3)) * PAGE - model_random(m, PAGE);
	call.prot = prots[model_random(m, 8)];
	call.flags = model_random(m, 3) ? MAP_PRIVATE : MAP_SHARED;
	if (model_random(m, 4))
		call.fd |= NOMMU_FD_WRITE;
	if (model_random(m, 100) == 0)
		call.fd = model_random(m, 16);
	if (model_random(m, 64) == 0)
		call.task = model_random(m, 4);
	if (model_random(m, 200) == 0)
		call.flags = (int)model_random(m, 32) & ~MAP_ANONYMOUS;
	if (model_random(m, 200) == 0)
		call.offset = (int64_t)(UINT64_MAX << model_random(m, 16));
	if (model_random(m, 200) == 0)
		call.length = (uint64_t)model_random(m, 1u << 31) << model_random(m, 8);
	return model_mmap(m, &call);
}

static bool unmap(struct model *m)
{
	int vma = pick_vma(m), mm;
	uint64_t addr, length, end;

	if (vma < 0)
		return true;
	addr = m->vma[vma].start;
	length = m->vma[vma].pages * (uint64_t)PAGE;
	end = addr + length;
	mm = m->vma[vma].mm;
	switch (model_random(m, 16)) {
	case 0: /* a tail */
		addr += model_random(m, m->vma[vma].pages) * PAGE;
		length = end - addr;
		break;
	case 1: /* a head */
		length = (1 + model_random(m, m->vma[vma].pages)) * (uint64_t)PAGE;
		break;
	case 2: /* anything inside */
		addr += model_random(m, m->vma[vma].pages) * PAGE;
		length = (1 + model_random(m, (unsigned)((end - addr) / PAGE))) * (uint64_t)PAGE;
		break;
	case 3: /* not quite it */
		addr += model_random(m, 3) * 16 - 16;
		length += model_random(m, 3) * PAGE - PAGE;
		break;
	case 4:
		mm = pick_mm(m);
		length += model_random(m, 3) * PAGE;
		break;
	default:
		length -= model_random(m, PAGE);
		break;
	}
	return model_munmap(m, mm, addr, length);
}

static bool remap(struct model *m)
{
	int vma = pick_vma(m), flags = 0;
	uint64_t addr, old, fixed, length;

	if (vma < 0)
		return true;
	addr = fixed = m->vma[vma].start;
	old = m->vma[vma].pages * (uint64_t)PAGE;
	length = (uint64_t)small(m, 2 * m->region[m->vma[vma].region].pages + 4) * PAGE + model_random(m, PAGE);
	if (model_random(m, 3) == 0)
		flags = MREMAP_MAYMOVE;
	if (model_random(m, 16) == 0) {
		flags |= MREMAP_FIXED;
		fixed += model_random(m, 2) * PAGE;
	}
	if (model_random(m, 16) == 0)
		addr += model_random(m, 3) * 2048;
	if (model_random(m, 16) == 0)
		old = model_random(m, 4) * PAGE;
	if (model_random(m, 64) == 0)
		length = model_random(m, 2) ? 0 : 1ULL << 40;
	return model_mremap(m, m->vma[vma].mm, addr, old, length, flags, fixed);
}

static bool change_file(struct model *m)
{
	int file = pick_file(m, model_random(m, 16) ? MODEL_RAM : MODEL_WINDOW);
	uint64_t size, most = m->pages * (uint64_t)PAGE, offset;
	struct model_file *f;
	unsigned len;

	if (file < 0)
		return true;
	f = &m->file[file];
	size = (uint64_t)small(m, 1u << (m->max_order + 1)) * PAGE;
	if (model_random(m, 2))
		size += model_random(m, PAGE);
	switch (model_random(m, 8)) {
	case 0:
	case 1:
		return model_file_truncate(m, file, f->size ? 0 : size);
	case 2:
		return model_file_truncate(m, file, model_random(m, (unsigned)f->size + 1));
	case 3:
		if (model_random(m, 32) == 0)
			size = UINT64_MAX - model_random(m, PAGE);
		return model_file_truncate(m, file, size);
	case 4:
		offset = small(m, 1u << m->max_order) * (uint64_t)PAGE;
		return model_file_fill(m, file, offset + model_random(m, PAGE),
				       small(m, 8) * PAGE + small(m, PAGE));
	default:
		if (f->backing != MODEL_RAM)
			return true;
		offset = model_random(m, 2) ? f->size : model_random(m, (unsigned)f->size + 3 * PAGE);
		len = 1 + model_random(m, 3 * PAGE);
		if (offset + len >= most)
			return true;
		return model_file_write(m, file, offset, len);
	}
}

static bool change_attr(struct model *m)
{
	int file = pick_file(m, MODEL_RAM);
	struct nommu_file_attr attr;

	if (file < 0)
		return true;
	nommu_file_attr_ram(&attr);
	switch (model_random(m, 24)) {
	case 0:
		attr.caps = BDI_CAP_MAP_COPY;
		break;
	case 1:
		attr.flags = 0;
		break;
	case 2:
		attr.flags |= NOMMU_FILE_NO_READ;
		break;
	case 3:
		attr.address_op = model_random(m, 2) ? -ENOSYS : -EBUSY;
		break;
	case 4:
		attr.address_op = NOMMU_OP_NONE;
		break;
	case 5:
		attr.map_op = model_random(m, 2) ? -ENOSYS : -EACCES;
		break;
	case 6:
		attr.map_op = NOMMU_OP_NONE;
		break;
	case 7:
		attr.caps = 0;
		attr.kind = 1 + model_random(m, 6);
		break;
	case 8:
		attr.caps &= ~(BDI_CAP_READ_MAP << model_random(m, 3));
		break;
	case 9:
		attr.deny = NOMMU_DENY | model_random(m, 8);
		break;
	case 10:
		attr.flags |= model_random(m, 2) ? NOMMU_FILE_APPEND : NOMMU_FILE_NOEXEC;
		break;
	case 11:
		attr.flags = 0;
		attr.kind = NOMMU_KIND_CHAR;
		break;
	default:
		break;
	}
	return model_file_set_attr(m, file, &attr);
}

static bool change_host(struct model *m)
{
	int file = pick_file(m, MODEL_HOST);
	struct model_file *f;

	if (file < 0)
		return true;
	f = &m->file[file];
	f->read_error = model_random(m, 4) ? 0 : EIO;
	f->read_error_at = model_random(m, 4 * PAGE);
	f->size = model_random(m, MODEL_HOST_SIZE);
	f->bytes[model_random(m, MODEL_HOST_SIZE)]++;
	return true;
}

static bool make_or_put(struct model *m)
{
	int file;

	if (model_random(m, 8) == 0 && pick_file(m, MODEL_HOST) < 0) {
		model_file_create_host(m, model_random(m, MODEL_HOST_SIZE), &file);
		return true;
	}
	if (model_random(m, 2))
		return model_file_create(m, &file);
	file = pick_file(m, model_random(m, 8) ? MODEL_RAM : MODEL_HOST);
	return file < 0 || model_file_put(m, file);
}

static bool set_trim(struct model *m)
{
	static const int trims[] = { 0, 1, 1, 2, 3, 4, 7, 8, -1 };
	int trim = trims[model_random(m, 9)];
	int got = nommu_board_set_trim(model_board(m), trim), want = trim < 0 ? -EINVAL : 0;

	model_log(m, "set_trim", "pages", &(uint64_t){ (uint64_t)trim }, 1);
	if (!want)
		m->trim = (unsigned)trim;
	return (got == want && nommu_board_trim(model_board(m)) == m->trim) ||
	       model_fail(m, "nommu_board_set_trim: %d, then it is %u", got, nommu_board_trim(model_board(m)));
}

static bool stale_mm(struct model *m, int mm)
{
	struct nommu_mm id = m->mm[mm].id;
	struct nommu_verdict verdict;
	struct nommu_request request = { .length = PAGE, .flags = MAP_ANONYMOUS | MAP_PRIVATE };

	id.generation--;
	if (nommu_mmap(model_board(m), &id, &request, &verdict) != -ESRCH || verdict.rule != NOMMU_RULE_NO_SUCH_MM)
		return model_fail(m, "nommu_mmap for an mm that is gone: %s", nommu_rule_name(verdict.rule));
	if (nommu_munmap(model_board(m), &id, m->ram, PAGE, &verdict) != -ESRCH)
		return model_fail(m, "nommu_munmap for an mm that is gone: %s", nommu_rule_name(verdict.rule));
	return true;
}

static void store(struct model *m)
{
	int vma = pick_vma(m);
	unsigned page, offset = 0, len = PAGE;

	if (vma < 0)
		return;
	page = model_random(m, m->vma[vma].pages);
	if (model_random(m, 2)) {
		offset = model_random(m, PAGE);
		len = 1 + model_random(m, PAGE - offset);
	}
	model_store(m, vma, page * PAGE + offset, len, (unsigned char)model_random(m, 256));
}

static bool step(struct model *m)
{
	int mm = pick_mm(m);
	unsigned what = model_random(m, 1000);

	if (mm < 0 || what < 6)
		return model_mm_create(m);
	if (what < 250)
		return map_anonymous(m, mm);
	if (what < 500)
		return map_file(m, mm);
	if (what < 760)
		return unmap(m);
	if (what < 820)
		return remap(m);
	if (what < 920)
		return change_file(m);
	if (what < 935)
		return make_or_put(m);
	if (what < 945)
		return change_attr(m);
	if (what < 950)
		return change_host(m);
	if (what < 954)
		return set_trim(m);
	if (what < 957)
		return stale_mm(m, mm);
	if (what < 962)
		return model_mm_exit(m, mm);
	store(m);
	return true;
}

/* Files that stay: in ROM at odd places, in device memory, on the host. */
static bool populate(struct model *m)
{
	struct nommu_file_attr rom, device = { .kind = NOMMU_KIND_CHAR }, all;
	int file;

	nommu_file_attr_rom(&rom);
	nommu_file_attr_ram(&all);
	all.kind = NOMMU_KIND_CHAR;
	model_file_create_host(m, 3 * PAGE + 100, &file);
	model_file_create_host(m, 2 * PAGE, &file);
	return model_file_create_in(m, 0, 0x50, 2 * PAGE + 700, &rom, &file) &&
	       model_file_create_in(m, 0, 4 * PAGE, 4 * PAGE, &rom, &file) &&
	       model_file_create_in(m, 0, 9 * PAGE + 0x10, PAGE - 0x10, &rom, &file) &&
	       model_file_create_in(m, 1, 0, 4 * PAGE, &device, &file) &&
	       model_file_create_in(m, 1, 4 * PAGE, 4 * PAGE, &all, &file) && model_file_create(m, &file) &&
	       model_file_create(m, &file) && model_file_create(m, &file);
}

static bool run_board(struct model *m, uint64_t seed, uint64_t first, uint64_t steps, bool two)
{
	uint64_t random = seed * 0x9e3779b97f4a7c15ULL + first * 0xff51afd7ed558ccdULL;
	struct model pick = { .random = random ? random : 1 };
	struct model_config config;
	bool good;

	for (int i = 0; i < 4; i++)
		model_random(&pick, 2);
	config.profile = model_random(&pick, 2) ? NOMMU_PROFILE_BDI : NOMMU_PROFILE_LINUX6;
	config.pages = 64 + model_random(&pick, MODEL_RAM_MAX - 64 + 1);
	config.max_order = 4 + model_random(&pick, 3);
	config.trim = model_random(&pick, 4);
	config.vmas = 48 + model_random(&pick, MODEL_VMAS_MAX - 48 + 1);
	config.files = 12 + model_random(&pick, MODEL_FILES_MAX - 12 + 1);
	config.mms = 3 + model_random(&pick, MODEL_MMS_MAX - 3 + 1);
	config.two_handles = two;
	good = model_open(m, &config, pick.random) && populate(m);
	for (m->step = first; good && m->step < first + steps; m->step++) {
		good = step(m) && model_verify(m) && (m->step % 4 || model_check_stats(m));
		if (good && m->step % STEPS_PER_CHECK == 0)
			good = model_check_files(m) && model_check_maps(m) && model_check_bytes(m);
		if (!good)
			break;
	}
	return good;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void add_counts(uint64_t *sum, const uint64_t *counts)
{
	for (int i = 0; i < NOMMU_RULE_COUNT; i++)
		sum[i] += counts[i];
}

/* A run that never came to a rule has not tested it. */
static void check_reached(const uint64_t *refused, const uint64_t *succeeded, uint64_t partials)
{
	/* clang-format off */
	static const enum nommu_rule must_refuse[] = {
		NOMMU_RULE_BAD_DESCRIPTOR, NOMMU_RULE_FIXED, NOMMU_RULE_HINT, NOMMU_RULE_LENGTH_RANGE,
		NOMMU_RULE_NO_MMAP, NOMMU_RULE_SHARED_WRITE, NOMMU_RULE_SHARED_NOT_DIRECT,
		NOMMU_RULE_SHARED_PROTECTION, NOMMU_RULE_PRIVATE_NO_COPY, NOMMU_RULE_SECURITY,
		NOMMU_RULE_SHARE_OVERLAP, NOMMU_RULE_ADDRESS_REFUSED, NOMMU_RULE_MAP_REFUSED, NOMMU_RULE_NO_MEMORY,
		NOMMU_RULE_READ_FAILED, NOMMU_RULE_TABLE_FULL, NOMMU_RULE_NOT_MAPPED, NOMMU_RULE_PARTIAL,
		NOMMU_RULE_MREMAP_SHAREABLE, NOMMU_RULE_MREMAP_LIMIT,
	};
	/* clang-format on */
	static const enum nommu_rule must_succeed[] = { NOMMU_RULE_REUSE, NOMMU_RULE_ANONYMOUS, NOMMU_RULE_DIRECT,
							NOMMU_RULE_COPY, NOMMU_RULE_MREMAPPED };

	for (unsigned i = 0; i < sizeof(must_refuse) / sizeof(*must_refuse); i++)
		ck_assert_msg(refused[must_refuse[i]] > 0, "nothing was refused by %s",
			      nommu_rule_name(must_refuse[i]));
	for (unsigned i = 0; i < sizeof(must_succeed) / sizeof(*must_succeed); i++)
		ck_assert_msg(succeeded[must_succeed[i]] > 0, "there was no %s", nommu_rule_name(must_succeed[i]));
	ck_assert_msg(partials > 0, "no part was unmapped");
}

static void run(bool two)
{
	static struct model m;
	static uint64_t refused[NOMMU_RULE_COUNT], succeeded[NOMMU_RULE_COUNT];
	uint64_t seed = from_environment("NOMMU_SEED", (uint64_t)time(NULL));
	uint64_t steps = from_environment("NOMMU_STEPS", STEPS) / 2, partials = 0;

	printf("NOMMU_SEED=%llu NOMMU_STEPS=%llu, %s\n", (unsigned long long)seed, (unsigned long long)steps * 2,
	       two ? "two handles" : "one handle");
	fflush(stdout);
	for (uint64_t first = 0; first < steps; first += STEPS_PER_BOARD) {
		uint64_t count = steps - first < STEPS_PER_BOARD ? steps - first : STEPS_PER_BOARD;
		bool good = run_board(&m, seed, first, count, two);

		if (!good)
			model_print(&m);
		add_counts(refused, m.refused);
		add_counts(succeeded, m.succeeded);
		partials += m.partials;
		model_close(&m);
		ck_assert_msg(good, "NOMMU_SEED=%llu, step %llu: %s", (unsigned long long)seed,
			      (unsigned long long)m.step, m.error);
	}
	if (steps >= 40000)
		check_reached(refused, succeeded, partials);
}

START_TEST(sequences)
{
	run(_i);
}
END_TEST

SUITE(model)
{
	Suite *suite = suite_create("model");
	TCase *tcase = tcase_create("random");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, sequences, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
