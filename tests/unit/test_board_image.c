/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_board_image - [image PATH]: where an image may be, what of it is read, and what its caps hold for. */
#include <string.h>

#include "board_text.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(keys_of_an_image)
{
	static const struct {
		const char *section, *keys, *path, *file;
		uint32_t align;
	} rows[] = {
		{"/rom", "file = rom.img", "/rom", "/host/rom.img", 0},
		{"/rom/", "file = /a/rom.img\nalign = 1", "/rom", "/a/rom.img", 1},
		{" /usr/my data ", "file = my data ; theirs\nalign = 4K", "/usr/my data", "/host/my data", 4096},
		{"/a#b;c]d", "align = 0x100000\nfile: ../x#y;z", "/a#b;c]d", "/host/../x#y;z", 1 << 20},
		{"/procs", "file = a=b:c", "/procs", "/host/a=b:c", 0},
		{"/rom/proc", "file = .", "/rom/proc", "/host/.", 0},
		{"/...", "file = a", "/...", "/host/a", 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct board board;
		char text[256];

		snprintf(text, sizeof(text), "\n[image %s]\n%s\n", rows[i].section, rows[i].keys);
		t_board_expect(&board, text, "");
		ck_assert_uint_eq(board.image_count, 1);
		ck_assert_uint_eq(board.rule_count, 0);
		ck_assert_str_eq(board.images[0].path, rows[i].path);
		ck_assert_str_eq(board.images[0].file, rows[i].file);
		ck_assert_uint_eq(board.images[0].align, rows[i].align);
		ck_assert_uint_eq(board.images[0].line, 2);
		board_free(&board);
	}
}
END_TEST

START_TEST(files_are_relative_to_the_folder)
{
	static const struct {
		const char *folder, *file;
	} rows[] = {{NULL, "x"}, {"", "x"}, {".", "./x"}, {"a/b", "a/b/x"}, {"/", "/x"}, {"/a/", "/a/x"}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		static const char text[] = "[image /rom]\nfile = x\n";
		struct t_told told;
		struct board board;

		ck_assert_int_eq(t_board_read(&board, text, strlen(text), rows[i].folder, &told), 0);
		ck_assert_str_eq(board.images[0].file, rows[i].file);
		board_free(&board);
	}
}
END_TEST

#define POWER ": expected a power of two from 1 to 1M\n"

START_TEST(bad_keys_of_an_image)
{
	static const struct {
		const char *key, *told;
		size_t images;
	} rows[] = {
		{"file =", "2: file: expected the path of an image, or of a directory to pack\n", 0},
		{"align = 4K", "1: [image] without file; expected file = an image, or a directory to pack\n", 0},
		{"fil = x", "2: unknown key 'fil' in [image]; did you mean 'file'? there are file, caps and align\n"
			    "1: [image] without file; expected file = an image, or a directory to pack\n", 0},
		{"file = x\nalign = 0", "3: align: '0'" POWER, 1},
		{"file = x\nalign = 3", "3: align: '3'" POWER, 1},
		{"file = x\nalign = 2M", "3: align: '2M'" POWER, 1},
		{"file = x\nalign = 0x100000001", "3: align: '0x100000001'" POWER, 1},
		{"file = x\nalign =", "3: align: ''" POWER, 1},
		{"file = x\ncaps = fly", "3: caps: 'fly' is not known; it takes names out of "
					 "copy, direct, read, write and exec with + between, or none, or a number such as 0x1c\n", 1},
		{"file = x\nkind = char", "3: unknown key 'kind' in [image]; there are file, caps and align\n", 1},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct board board;
		char text[256];

		snprintf(text, sizeof(text), "[image /x]\n%s\n", rows[i].key);
		t_board_expect(&board, text, rows[i].told);
		ck_assert_uint_eq(board.image_count, rows[i].images);
		ck_assert_uint_eq(board.rule_count, 0);
		board_free(&board);
	}
}
END_TEST

static void check_align(uint64_t align)
{
	bool good = align && align <= 1 << 20 && !(align & (align - 1));
	struct t_told told;
	struct board board;
	char text[64];
	int size = snprintf(text, sizeof(text), "[image /x]\nfile = y\nalign = %llu\n", (unsigned long long)align);

	ck_assert_int_eq(t_board_read(&board, text, (size_t)size, "", &told), !good);
	ck_assert_uint_eq(board.images[0].align, good ? align : 0);
	board_free(&board);
}

START_TEST(alignments_are_powers_of_two)
{
	for (uint64_t align = 0; align < 5000; align++)
		check_align(align);
	for (unsigned int shift = 12; shift < 64; shift++) {
		check_align((1ULL << shift) - 1);
		check_align(1ULL << shift);
		check_align((1ULL << shift) + 1);
	}
}
END_TEST

#define BEGIN "expected a path in the mount, which begins with '/'"
#define ROOT "the root is the board's RAM; expected a path below it, as /rom"
#define DOTS "expected neither '.' nor '..' in it"
#define SLASHES "expected no two slashes in a row"
#define PROC "/proc is where the board tells of itself; expected another path, as /rom"

START_TEST(where_no_image_can_be)
{
	static const struct {
		const char *path, *told;
	} rows[] = {
		{"", BEGIN}, {"rom", BEGIN}, {"./rom", BEGIN}, {"*", BEGIN}, {"/", ROOT}, {"//", ROOT},
		{"//rom", SLASHES}, {"/rom//x", SLASHES}, {"/rom//", SLASHES}, {"/.", DOTS}, {"/..", DOTS},
		{"/./rom", DOTS}, {"/rom/.", DOTS}, {"/rom/../x", DOTS}, {"/rom/..", DOTS}, {"/proc/.", DOTS},
		{"/proc", PROC}, {"/proc/", PROC}, {"/proc/sys/vm", PROC},
	};
	char text[1024], told[1024], name[300], shown[100];
	struct board board;

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(shown, sizeof(shown), "%s", rows[i].path);
		if (!strcmp(shown, "/proc/"))
			shown[5] = '\0';
		if (!strcmp(shown, "//") || !strcmp(shown, "/rom//"))
			shown[strlen(shown) - 1] = '\0';
		snprintf(text, sizeof(text), "[image %s]\nfile = x\ncaps = copy\nalign = 5\n", rows[i].path);
		snprintf(told, sizeof(told), "1: [image %s]: %s\n4: align: '5'" POWER, shown, rows[i].told);
		t_board_expect(&board, text, told);
		ck_assert_uint_eq(board.image_count + board.rule_count, 0);
		board_free(&board);
	}
	memset(name, 'n', sizeof(name));
	snprintf(text, sizeof(text), "[image /a/%.256s/b]\nfile = x\n[image /a/%.255s/b]\nfile = x\n", name, name);
	snprintf(told, sizeof(told), "1: [image /a/%.77s]: a name in it has more than 255 bytes\n", name);
	t_board_expect(&board, text, told);
	ck_assert_uint_eq(board.image_count, 1);
	board_free(&board);
}
END_TEST

static void add_from_command_line(struct board *board, const char *path)
{
	ck_assert_int_eq(board_add_image(board, &(struct board_image){.path = (char *)(uintptr_t)path,
								       .file = (char *)(uintptr_t)"x"}), 0);
}

static void note(void *arg, unsigned int line, const char *text)
{
	char *told = arg;

	snprintf(told + strlen(told), 1024 - strlen(told), "%u: %s\n", line, text);
}

START_TEST(no_image_is_inside_of_another)
{
	static const char text[] =
		"[image /a/b]\nfile=x\n[image /a/b/c]\nfile=x\n[image /a/bc]\nfile=x\n[image /a]\nfile=x\n"
		"[image /a/b/]\nfile=x\n[image /rom]\nfile=x\n[image /rom/x]\nfile=x\n[image /ro]\nfile=x\n";
	struct board board;
	char told[1024] = "";

	board_init(&board);
	add_from_command_line(&board, "/rom");
	ck_assert_int_eq(board_read(&board, text, strlen(text), "", note, told), 5);
	ck_assert_str_eq(told, "3: [image /a/b/c]: it would be inside of the image /a/b of line 1\n"
			       "7: [image /a]: it would be around the image /a/b of line 1\n"
			       "9: [image /a/b]: here is already the image /a/b of line 1\n"
			       "11: [image /rom]: here is already the image /rom of the command line\n"
			       "13: [image /rom/x]: it would be inside of the image /rom of the command line\n");
	ck_assert_uint_eq(board.image_count, 4);
	ck_assert_str_eq(board.images[3].path, "/ro");
	board_free(&board);
}
END_TEST

START_TEST(there_are_as_many_images_as_windows_beside_ram)
{
	for (unsigned int before = 0; before < 3; before++) {
		char text[1024] = "", told[1024] = "";
		struct board board;

		board_init(&board);
		for (unsigned int i = 0; i < before; i++)
			add_from_command_line(&board, i ? "/one" : "/two");
		for (int i = 0; i < NOMMU_WINDOWS_MAX; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "[image /%d]\nfile = x\n", i);
		ck_assert_int_eq(board_read(&board, text, strlen(text), "", note, told), (int)before + 1);
		ck_assert_uint_eq(board.image_count, NOMMU_WINDOWS_MAX - 1);
		ck_assert_ptr_nonnull(strstr(told, "31: [image /15]: a board has at most 15 images\n"));
		board_free(&board);
	}
}
END_TEST

/* What is said of an image is said under all patterns, over what is said of the tree, and of nothing else. */
START_TEST(caps_of_images_come_before_patterns)
{
	static const char text[] = "[caps *]\nread = no\n[image /b]\nfile = x\ncaps = copy\n[caps /b/p]\ncaps = write\n"
				   "[image /a]\ncaps = direct\nfile = y\n[image /c]\nfile = z\n";
	static const struct {
		int image;
		const char *path;
		uint32_t caps;
	} rows[] = {
		{0, "/b/x", BDI_CAP_MAP_COPY},
		{0, "/elsewhere/x", BDI_CAP_MAP_COPY},
		{0, "/b/p", BDI_CAP_WRITE_MAP},
		{1, "/a", BDI_CAP_MAP_DIRECT},
		{2, "/c/x", BDI_CAP_EXEC_MAP},
		{-1, "/a/x", BDI_CAP_EXEC_MAP},
	};
	struct board board;
	char told[1024] = "";

	board_init(&board);
	board.tree = (struct bdi){.set = 1u << BDI_CAPABILITIES, .caps = BDI_CAP_EXEC_MAP};
	ck_assert_int_eq(board_read(&board, text, strlen(text), "", note, told), 0);
	ck_assert_uint_eq(board.image_count, 3);
	ck_assert_uint_eq(board.rule_count, 2);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct board_image *image = rows[i].image < 0 ? NULL : &board.images[rows[i].image];
		struct bdi bdi;
		uint32_t deny;

		board_match(&board, image, rows[i].path, &bdi, &deny);
		ck_assert_uint_eq(bdi.set, 1u << BDI_CAPABILITIES | 1u << BDI_READ);
		ck_assert_uint_eq(bdi.caps, rows[i].caps);
	}
	board_free(&board);
}
END_TEST

SUITE(board_image)
{
	Suite *suite = suite_create("board_image");
	TCase *images = tcase_create("images");

	tcase_add_test(images, keys_of_an_image);
	tcase_add_test(images, files_are_relative_to_the_folder);
	tcase_add_test(images, bad_keys_of_an_image);
	tcase_add_test(images, alignments_are_powers_of_two);
	tcase_add_test(images, where_no_image_can_be);
	tcase_add_test(images, no_image_is_inside_of_another);
	tcase_add_test(images, there_are_as_many_images_as_windows_beside_ram);
	tcase_add_test(images, caps_of_images_come_before_patterns);
	suite_add_tcase(suite, images);
	return suite;
}
