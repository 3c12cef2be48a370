/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_layout - the segment as a file format: what lies where, and that what is not a board's segment, or a damaged
 * one, is refused when somebody attaches.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/internal.h"
#include "suites.h"

#define PAGE ((uint64_t)NOMMU_PAGE_SIZE)

static struct nommu_board *open_board(void)
{
	struct nommu_board *b;
	struct nommu_config config;
	struct nommu_why why = { "" };
	int result;

	nommu_config_init(&config);
	config.ram = 64 * PAGE;
	config.max_order = 5;
	config.vmas = 64;
	config.files = 16;
	config.mms = 8;
	result = nommu_board_create(&config, NULL, &b, &why);
	ck_assert_msg(result == 0, "nommu_board_create: %d: %s", result, why.text);
	return b;
}

/* Mappings of memfds: of segments and windows. The rest may be the allocator's or a sanitizer's doing. */
static unsigned mappings_of_boards(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned count = 0;
	char line[512];

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "/memfd:") != NULL;
	fclose(maps);
	return count;
}

/* Any change here is a change of the format: then SEG_VERSION goes up, or SEG_LAYOUT differs by itself. */
START_TEST(offsets)
{
	ck_assert_uint_eq(offsetof(struct seg_header, magic), 0);
	ck_assert_uint_eq(offsetof(struct seg_header, version), 8);
	ck_assert_uint_eq(offsetof(struct seg_header, layout), 12);
	ck_assert_uint_eq(offsetof(struct seg_header, size), 16);
	ck_assert_uint_eq(offsetof(struct seg_lock, word), 0);
	ck_assert_uint_eq(offsetof(struct seg_lock, generation), 4);
	ck_assert_uint_eq(offsetof(struct seg_journal, undo), 8);
	ck_assert_uint_eq(sizeof(struct seg_undo), 16);
	ck_assert_uint_eq(sizeof(struct seg_frame), 64);
	ck_assert_uint_eq(sizeof(struct seg_region), 96);
	ck_assert_uint_eq(sizeof(struct seg_vma), 64);
	ck_assert_uint_eq(sizeof(struct seg_mm), 56);
	ck_assert_uint_eq(offsetof(struct seg_region, state), offsetof(struct seg_record, state));
	ck_assert_uint_eq(offsetof(struct seg_vma, mm), offsetof(struct seg_record, state));
	ck_assert_uint_eq(offsetof(struct seg_mm, state), offsetof(struct seg_record, state));
	ck_assert_uint_eq(offsetof(struct seg_file, state), offsetof(struct seg_record, state));
	ck_assert_uint_eq(SEG_TABLES_AT % 4096, 0);
	ck_assert_uint_ge(SEG_TABLES_AT, SEG_JOURNAL_AT + sizeof(struct seg_journal));
}
END_TEST

START_TEST(header)
{
	struct nommu_board *b = open_board();
	const struct seg_header *h = b->header;
	const struct {
		uint64_t offset, bytes;
	} parts[] = {
		{ h->frames, 65 * sizeof(struct seg_frame) },
		{ h->vma_hash, sizeof(uint32_t) << h->vma_hash_bits },
		{ h->file_hash, sizeof(uint32_t) << h->file_hash_bits },
		{ h->table[TABLE_REGIONS].offset, (h->table[TABLE_REGIONS].count + 1) * sizeof(struct seg_region) },
		{ h->table[TABLE_VMAS].offset, (h->table[TABLE_VMAS].count + 1) * sizeof(struct seg_vma) },
		{ h->table[TABLE_MMS].offset, (h->table[TABLE_MMS].count + 1) * sizeof(struct seg_mm) },
		{ h->table[TABLE_FILES].offset, (h->table[TABLE_FILES].count + 1) * sizeof(struct seg_file) },
		{ h->table[TABLE_SHMS].offset, (h->table[TABLE_SHMS].count + 1) * sizeof(struct seg_shm) },
	};

	ck_assert(h->magic == SEG_MAGIC && h->version == SEG_VERSION && h->layout == SEG_LAYOUT);
	ck_assert_uint_eq(h->size, b->size);
	ck_assert_uint_eq(h->pages, 64);
	ck_assert_uint_eq(h->windows, 1);
	ck_assert_uint_eq(h->table[TABLE_VMAS].count, 64);
	ck_assert_uint_eq(h->table[TABLE_FILES].count, 16);
	ck_assert_uint_eq(h->table[TABLE_MMS].count, 8);
	/* The parts lie one after the other, none in another, all inside. */
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		ck_assert_uint_ge(parts[i].offset, i ? parts[i - 1].offset + parts[i - 1].bytes : SEG_TABLES_AT);
		ck_assert_uint_le(parts[i].offset + parts[i].bytes, h->size);
	}
	nommu_board_close(b);
}
END_TEST

/* ---- attaching ------------------------------------------------------------------------------------------------- */

/* A copy of the segment with @len bytes, in which @size bytes at @offset are @value's; as a new memfd. */
static int forge(const struct nommu_board *b, uint64_t len, uint64_t offset, const void *value, size_t size)
{
	int fd = memfd_create("forged", MFD_CLOEXEC);
	char *at;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
	if (!len)
		return fd;
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(at, MAP_FAILED);
	memcpy(at, b->base, len < b->size ? len : b->size);
	memcpy(at + offset, value, size);
	munmap(at, len);
	return fd;
}

static int attach(const int *fds, unsigned count, struct nommu_why *why)
{
	struct nommu_board *other = NULL;
	int result;

	why->text[0] = 0;
	result = nommu_board_attach(fds, count, NULL, true, &other, why);
	if (!result)
		nommu_board_close(other);
	return result;
}

/* Refused with EPROTO and a reason, and nothing stays mapped. */
static void must_refuse(const int *fds, unsigned count, const char *what)
{
	unsigned before = mappings_of_boards();
	struct nommu_why why;
	int result = attach(fds, count, &why);

	ck_assert_msg(result == -EPROTO && why.text[0], "%s: %d '%s'", what, result, why.text);
	ck_assert_msg(mappings_of_boards() <= before, "%s: mappings are left", what);
}

struct forgery {
	const char *what;
	size_t offset, size;
	uint64_t value;
};

#define FIELD(field, bad) \
	{ #field " = " #bad, offsetof(struct seg_header, field), sizeof(((struct seg_header *)0)->field), \
	  (uint64_t)(bad) }

static const struct forgery forgeries[] = {
	FIELD(magic, 0),
	FIELD(magic, SEG_MAGIC + 1),
	FIELD(version, SEG_VERSION + 1),
	FIELD(layout, SEG_LAYOUT ^ 1),
	FIELD(size, 0),
	FIELD(size, 4096),
	FIELD(size, UINT64_MAX),
	FIELD(profile, 2),
	FIELD(max_order, NOMMU_ORDERS),
	FIELD(max_order, UINT32_MAX),
	FIELD(windows, 0),
	FIELD(windows, 2),
	FIELD(windows, UINT32_MAX),
	FIELD(window[0].size, 0),
	FIELD(window[0].size, 65 * 4096),
	FIELD(window[0].size, UINT64_MAX),
	FIELD(window[0].addr, 1),
	FIELD(frames, 0),
	FIELD(frames, 1),
	FIELD(frames, UINT64_MAX),
	FIELD(frames, UINT64_MAX - 4095),
	FIELD(vma_hash, 0),
	FIELD(vma_hash, UINT64_MAX - 4095),
	FIELD(vma_hash_bits, 40),
	FIELD(vma_hash_bits, 31),
	FIELD(file_hash, 4096),
	FIELD(file_hash_bits, 31),
	FIELD(file_hash_bits, UINT32_MAX),
	FIELD(pages, 0),
	FIELD(pages, 65),
	FIELD(pages, UINT32_MAX),
	FIELD(table[TABLE_REGIONS].offset, 8),
	FIELD(table[TABLE_REGIONS].count, UINT32_MAX),
	FIELD(table[TABLE_REGIONS].stride, 95),
	FIELD(table[TABLE_VMAS].offset, UINT64_MAX - 4095),
	FIELD(table[TABLE_VMAS].count, 100000),
	FIELD(table[TABLE_VMAS].stride, 0),
	FIELD(table[TABLE_MMS].count, UINT32_MAX - 1),
	FIELD(table[TABLE_FILES].count, 1u << 30),
	FIELD(table[TABLE_FILES].offset, SEG_TABLES_AT + 1),
	FIELD(table[TABLE_SHMS].offset, 0),
	FIELD(table[TABLE_SHMS].count, 1u << 30),
	FIELD(table[TABLE_SHMS].stride, 64),
};

START_TEST(forged_header)
{
	const struct forgery *f = &forgeries[_i];
	struct nommu_board *b = open_board();
	int fds[NOMMU_WINDOWS_MAX + 1], count = nommu_board_fds(b, fds);

	fds[0] = forge(b, b->size, f->offset, &f->value, f->size);
	must_refuse(fds, (unsigned)count, f->what);
	close(fds[0]);
	nommu_board_close(b);
}
END_TEST

START_TEST(foreign)
{
	struct nommu_board *b = open_board();
	int good[NOMMU_WINDOWS_MAX + 1], fds[NOMMU_WINDOWS_MAX + 3], count = nommu_board_fds(b, good), pipe_ends[2];
	static const uint64_t lengths[] = { 0, 1, 4096, SEG_TABLES_AT - 1, SEG_TABLES_AT, SEG_TABLES_AT + 4096 };
	struct nommu_why why;

	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(attach(good, 2, &why), 0);
	nommu_board_close(b);
	b = open_board();
	nommu_board_fds(b, good);
	memcpy(fds, good, sizeof(good));
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		fds[0] = forge(b, lengths[i], 0, "", 0);
		must_refuse(fds, 2, "a segment that ends too soon");
		close(fds[0]);
	}
	fds[0] = forge(b, b->size + 4096, 0, "", 0);
	must_refuse(fds, 2, "a segment that is too long");
	close(fds[0]);
	fds[0] = good[1];
	must_refuse(fds, 2, "RAM in the segment's place");
	fds[0] = good[0];
	fds[1] = forge(b, 63 * PAGE, 0, "", 0);
	must_refuse(fds, 2, "RAM that is shorter than the segment says");
	close(fds[1]);
	fds[1] = good[1];
	fds[2] = good[1];
	must_refuse(fds, 3, "one descriptor too many");
	must_refuse(fds, 1, "no RAM");
	must_refuse(fds, 0, "nothing");
	must_refuse(fds, NOMMU_WINDOWS_MAX + 2, "more than there can be");
	ck_assert_int_eq(pipe(pipe_ends), 0);
	fds[0] = pipe_ends[0];
	must_refuse(fds, 2, "a pipe");
	fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	must_refuse(fds, 2, "/dev/null");
	close(fds[0]);
	fds[0] = -1;
	must_refuse(fds, 2, "a closed descriptor");
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	nommu_board_close(b);
}
END_TEST

/* Where the window must lie something else is: said with what it is. */
START_TEST(address_taken)
{
	struct nommu_board *b = open_board(), *other;
	int fds[NOMMU_WINDOWS_MAX + 1], count = nommu_board_fds(b, fds);
	struct nommu_config config;
	struct nommu_why why = { "" };

	ck_assert_int_eq(nommu_board_attach(fds, (unsigned)count, NULL, false, &other, &why), -EEXIST);
	ck_assert_ptr_nonnull(strstr(why.text, "nommu-ram"));
	nommu_config_init(&config);
	why.text[0] = 0;
	ck_assert_int_eq(nommu_board_create(&config, NULL, &other, &why), -EEXIST);
	ck_assert_ptr_nonnull(strstr(why.text, "nommu-ram"));
	nommu_board_close(b);
}
END_TEST

static unsigned pick(uint64_t *random, unsigned below)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (unsigned)(*random % below);
}

/* Any header: refused, or taken and then of some use; never a crash. */
START_TEST(random_header)
{
	struct nommu_board *b = open_board();
	int fds[NOMMU_WINDOWS_MAX + 1], count = nommu_board_fds(b, fds), taken = 0, refused = 0;
	uint64_t random = 0x1234567 + (uint64_t)_i;

	for (int i = 0; i < 300; i++) {
		unsigned n = 1 + pick(&random, 4);
		struct nommu_board *other;
		struct nommu_stats stats;
		struct nommu_why why;
		char *at;

		fds[0] = forge(b, b->size, 0, "", 0);
		at = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
		ck_assert_ptr_ne(at, MAP_FAILED);
		/* Not where the window lies: any place is as good as another, and may be this program's own. */
		while (n--) {
			unsigned where = pick(&random, sizeof(struct seg_header));

			if (where < offsetof(struct seg_header, window) ||
			    where >= offsetof(struct seg_header, window) + 8)
				at[where] = (char)pick(&random, 256);
		}
		munmap(at, b->size);
		if (nommu_board_attach(fds, (unsigned)count, NULL, true, &other, &why) == 0) {
			int result = nommu_stats(other, &stats);

			ck_assert(result == 0 || result == -EIO);
			result = nommu_verify(other, &why);
			ck_assert(result == 0 || result == -EIO);
			nommu_board_close(other);
			taken++;
		} else {
			refused++;
		}
		close(fds[0]);
	}
	ck_assert_int_gt(taken, 0);
	ck_assert_int_gt(refused, 0);
	nommu_board_close(b);
}
END_TEST

SUITE(layout)
{
	Suite *suite = suite_create("layout");
	TCase *tcase = tcase_create("format");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, offsets);
	tcase_add_test(tcase, header);
	tcase_add_loop_test(tcase, forged_header, 0, sizeof(forgeries) / sizeof(*forgeries));
	tcase_add_test(tcase, foreign);
	tcase_add_test(tcase, address_taken);
	tcase_add_loop_test(tcase, random_header, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}
