/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_elf - which programs can be wrapped, on headers made up here: whole, cut off anywhere, with every byte damaged.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/elf.h"
#include "suites.h"

#define STRINGS 1024 /* where they lie in the file */
#define LOADER  512
#define DYNAMIC 2048

/* A program's file: header, three program headers, loader's name, strings, dynamic section. */
struct file {
	unsigned char bytes[4096];
	size_t len;
};

/* The tables lie where a linker would align them, but not for this compiler. */
#define PUT(file, offset, value) memcpy((file)->bytes + (offset), &(value), sizeof(value))

static char loader[PATH_MAX]; /* a real one: that of this program */

static void setup(void)
{
	struct elf_info info;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	elf_read(fd, &info);
	close(fd);
	strcpy(loader, info.loader);
	ck_assert_msg(access(loader, X_OK) == 0, "this program's own loader: '%s'", loader);
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static Elf64_Ehdr header_of(const struct file *file)
{
	Elf64_Ehdr header;

	memcpy(&header, file->bytes, sizeof(header));
	return header;
}

static void put_phdr(struct file *file, unsigned int i, uint32_t type, uint64_t offset, uint64_t size)
{
	Elf64_Phdr phdr = { .p_type = type, .p_offset = offset, .p_vaddr = 0x400000 + offset, .p_filesz = size };

	PUT(file, sizeof(Elf64_Ehdr) + i * sizeof(phdr), phdr);
}

static void put_dyn(struct file *file, unsigned int i, int64_t tag, uint64_t value)
{
	Elf64_Dyn dyn = { .d_tag = tag, .d_un.d_val = value };

	PUT(file, DYNAMIC + i * sizeof(dyn), dyn);
}

/* A dynamically linked program that needs libc and this library. */
static struct file good_file(const char *needed)
{
	struct file file = { .len = DYNAMIC + 5 * sizeof(Elf64_Dyn) };
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};

	PUT(&file, 0, header);
	put_phdr(&file, 0, PT_INTERP, LOADER, strlen(loader) + 1);
	put_phdr(&file, 1, PT_LOAD, 0, file.len);
	put_phdr(&file, 2, PT_DYNAMIC, DYNAMIC, 5 * sizeof(Elf64_Dyn));
	strcpy((char *)file.bytes + LOADER, loader);
	strcpy((char *)file.bytes + STRINGS + 1, "libc.so.6");
	strcpy((char *)file.bytes + STRINGS + 100, needed);
	put_dyn(&file, 0, DT_NEEDED, 1);
	put_dyn(&file, 1, DT_NEEDED, 100);
	put_dyn(&file, 2, DT_STRTAB, 0x400000 + STRINGS);
	put_dyn(&file, 3, DT_FLAGS_1, DF_1_PIE);
	put_dyn(&file, 4, DT_NULL, 0);
	return file;
}

static int check(const struct file *file, struct elf_info *info, struct nommu_why *why)
{
	int fd = memfd_create("program", MFD_CLOEXEC);
	struct elf_info again;
	int rc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, file->bytes, file->len), (ssize_t)file->len);
	memset(why, 0, sizeof(*why));
	rc = elf_check(fd, base_name(loader), info, why);
	elf_read(fd, &again);
	close(fd);
	ck_assert(rc == 0 || rc == -ENOEXEC || rc == -ENOENT);
	ck_assert_int_eq(rc == -ENOEXEC, why->text[0] != '\0');
	ck_assert_ptr_null(strchr(why->text, '\n'));
	ck_assert_ptr_nonnull(memchr(info->loader, '\0', sizeof(info->loader)));
	ck_assert_ptr_nonnull(memchr(info->runtime, '\0', sizeof(info->runtime)));
	ck_assert_ptr_nonnull(memchr(again.runtime, '\0', sizeof(again.runtime)));
	return rc;
}

static void expect_good(const struct file *file, const char *runtime)
{
	struct elf_info info;
	struct nommu_why why;
	int rc = check(file, &info, &why);

	ck_assert_msg(rc == 0, "%s", why.text);
	ck_assert_str_eq(info.loader, loader);
	ck_assert_str_eq(info.runtime, runtime);
}

static void expect_refusal(const struct file *file, const char *part)
{
	struct elf_info info;
	struct nommu_why why;

	ck_assert_int_eq(check(file, &info, &why), -ENOEXEC);
	ck_assert_msg(strstr(why.text, part) != NULL, "'%s' is not in: %s", part, why.text);
}

START_TEST(test_good)
{
	struct file file = good_file("libm.so.6");
	Elf64_Ehdr header = header_of(&file);

	expect_good(&file, "");
	header.e_type = ET_EXEC;
	PUT(&file, 0, header);
	expect_good(&file, "");
}
END_TEST

START_TEST(test_cut_off_anywhere)
{
	const struct file whole = good_file("libasan.so.8");

	for (size_t len = 0; len < whole.len; len++) {
		struct file file = whole;
		struct elf_info info;
		struct nommu_why why;
		int rc;

		file.len = len;
		rc = check(&file, &info, &why);
		if (len < SELFMAG)
			ck_assert_int_eq(rc, -ENOENT);
		else if (len <= LOADER + strlen(loader))
			ck_assert_msg(rc == -ENOEXEC, "cut off at %zu: %d", len, rc);
		else
			ck_assert_msg(rc == 0, "cut off at %zu: %s", len, why.text);
	}
	expect_good(&whole, "libasan.so.8");
}
END_TEST

START_TEST(test_every_byte_damaged)
{
	static const unsigned char with[] = { 0x01, 0x80, 0xff, 0x40, 0x7f };
	const struct file whole = good_file("libasan.so.8");

	for (size_t at = 0; at < whole.len; at++) {
		if (at == sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr))
			at = LOADER - 1; /* nothing lies there */
		for (size_t i = 0; i < sizeof(with); i++) {
			struct file file = whole;
			struct elf_info info;
			struct nommu_why why;

			file.bytes[at] ^= with[i];
			check(&file, &info, &why); /* and its checks of the answer's form */
		}
	}
}
END_TEST

START_TEST(test_offsets_out_of_range)
{
	static const uint64_t far[] = { UINT64_MAX, UINT64_MAX - 55, (uint64_t)INT64_MAX, INT64_MAX - 55, 1u << 30 };

	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		struct file file = good_file("libasan.so.8");
		Elf64_Ehdr header = header_of(&file);

		header.e_phoff = far[i];
		PUT(&file, 0, header);
		expect_refusal(&file, "program headers");
		file = good_file("libasan.so.8");
		put_phdr(&file, 0, PT_INTERP, far[i], 20);
		expect_refusal(&file, "loader");
		file = good_file("libasan.so.8");
		put_phdr(&file, 2, PT_DYNAMIC, far[i], far[i]);
		expect_good(&file, "");
		file = good_file("libasan.so.8");
		put_dyn(&file, 1, DT_NEEDED, far[i]);
		expect_good(&file, "");
		file = good_file("libasan.so.8");
		put_dyn(&file, 2, DT_STRTAB, far[i]);
		expect_good(&file, "");
	}
}
END_TEST

START_TEST(test_static)
{
	struct file file = good_file("libm.so.6");
	Elf64_Ehdr header = header_of(&file);

	/* static-PIE */
	put_phdr(&file, 0, PT_NULL, 0, 0);
	expect_refusal(&file, "statically linked");
	put_dyn(&file, 3, DT_FLAGS_1, 0);
	expect_refusal(&file, "shared library");
	header.e_type = ET_EXEC;
	PUT(&file, 0, header);
	expect_refusal(&file, "statically linked");
}
END_TEST

START_TEST(test_machines)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} table[] = {
		{ EM_ARM, "ARM" },           { EM_386, "i386" },
		{ EM_AARCH64, "AArch64" },   { EM_RISCV, "RISC-V" },
		{ EM_68K, "m68k" },          { EM_SH, "SuperH" },
		{ EM_BLACKFIN, "Blackfin" }, { 0x5441, "FR-V" },
		{ EM_XTENSA, "Xtensa" },     { EM_MICROBLAZE, "MicroBlaze" },
		{ 0x1234, "4660" },          { 0, "machine 0" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (unsigned char class = ELFCLASS32; class <= ELFCLASS64; class ++) {
			struct file file = good_file("libm.so.6");
			Elf64_Ehdr header = header_of(&file);

			header.e_ident[EI_CLASS] = class;
			header.e_machine = table[i].machine;
			PUT(&file, 0, header);
			expect_refusal(&file, table[i].name);
			header.e_ident[EI_DATA] = ELFDATA2MSB;
			header.e_machine = htobe16(table[i].machine);
			PUT(&file, 0, header);
			expect_refusal(&file, table[i].name);
		}
	}
}
END_TEST

START_TEST(test_classes)
{
	struct file file = good_file("libm.so.6");
	Elf64_Ehdr header = header_of(&file);

	header.e_ident[EI_CLASS] = ELFCLASS32;
	PUT(&file, 0, header);
	expect_refusal(&file, "x32");
	header.e_ident[EI_CLASS] = 3;
	PUT(&file, 0, header);
	expect_refusal(&file, "class 3");
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = 0;
	PUT(&file, 0, header);
	expect_refusal(&file, "byte order 0");
}
END_TEST

START_TEST(test_types)
{
	struct file file = good_file("libm.so.6");
	Elf64_Ehdr header = header_of(&file);

	header.e_type = ET_REL;
	PUT(&file, 0, header);
	expect_refusal(&file, "object file");
	header.e_type = ET_CORE;
	PUT(&file, 0, header);
	expect_refusal(&file, "core dump");
	header.e_type = 99;
	PUT(&file, 0, header);
	expect_refusal(&file, "type 99");
}
END_TEST

START_TEST(test_header_tables)
{
	struct file file = good_file("libm.so.6");
	Elf64_Ehdr header = header_of(&file);

	header.e_phnum = 0;
	PUT(&file, 0, header);
	expect_refusal(&file, "0 program headers");
	header.e_phnum = UINT16_MAX;
	PUT(&file, 0, header);
	expect_refusal(&file, "65535 program headers");
	header.e_phnum = 3;
	header.e_phentsize = 1;
	PUT(&file, 0, header);
	expect_refusal(&file, "of 1 bytes");
}
END_TEST

START_TEST(test_not_elf)
{
	struct file file = { .bytes = "hello", .len = 5 };
	struct elf_info info;
	struct nommu_why why;

	ck_assert_int_eq(check(&file, &info, &why), -ENOENT);
	file.len = 0;
	ck_assert_int_eq(check(&file, &info, &why), -ENOENT);
	memcpy(file.bytes, "bFLT", 4);
	file.len = 4;
	expect_refusal(&file, "bFLT");
	file.len = 64;
	expect_refusal(&file, "bFLT");
	file.len = 3;
	ck_assert_int_eq(check(&file, &info, &why), -ENOENT);
}
END_TEST

START_TEST(test_loaders)
{
	struct file file = good_file("libm.so.6");

	strcpy((char *)file.bytes + LOADER, "/lib/ld-musl-x86_64.so.1");
	put_phdr(&file, 0, PT_INTERP, LOADER, 25);
	expect_refusal(&file, "ld-musl-x86_64.so.1");
	snprintf((char *)file.bytes + LOADER, 200, "/no/such/folder/%s", base_name(loader));
	put_phdr(&file, 0, PT_INTERP, LOADER, strlen((char *)file.bytes + LOADER) + 1);
	expect_refusal(&file, "/no/such/folder/");
	file = good_file("libm.so.6");
	put_phdr(&file, 0, PT_INTERP, LOADER, strlen(loader)); /* without its NUL */
	expect_refusal(&file, "loader");
	put_phdr(&file, 0, PT_INTERP, LOADER, 1);
	expect_refusal(&file, "1 bytes");
	put_phdr(&file, 0, PT_INTERP, LOADER, UINT64_MAX);
	expect_refusal(&file, "18446744073709551615 bytes");
	put_phdr(&file, 0, PT_INTERP, LOADER + 100, 20); /* only zeroes */
	expect_refusal(&file, "cannot be read");
}
END_TEST

START_TEST(test_runtimes)
{
	static const struct {
		const char *needed, *runtime;
	} table[] = {
		{ "libasan.so.8", "libasan.so.8" },
		{ "libtsan.so.2", "libtsan.so.2" },
		{ "liblsan.so.0", "liblsan.so.0" },
		{ "libhwasan.so.0", "libhwasan.so.0" },
		{ "libubsan.so.1", "" },
		{ "libasan", "" },
		{ "", "" },
	};
	struct file file;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		file = good_file(table[i].needed);
		expect_good(&file, table[i].runtime);
	}
	/* A name without end. */
	file = good_file("libasan.so.8");
	memset(file.bytes + STRINGS + 112, 'x', file.len - STRINGS - 112);
	memcpy(file.bytes + DYNAMIC, good_file("").bytes + DYNAMIC, 5 * sizeof(Elf64_Dyn));
	expect_good(&file, "");
	ck_assert(!elf_is_runtime("libasan.so.8", 5));
	ck_assert(elf_is_runtime("libasan.so.8", 12));
}
END_TEST

START_TEST(test_a_real_program)
{
	struct elf_info info;
	struct nommu_why why;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ck_assert_msg(elf_check(fd, base_name(loader), &info, &why) == 0, "%s", why.text);
	ck_assert_str_eq(info.loader, loader);
	ck_assert_int_eq(elf_check(fd, "ld-other.so", &info, &why), -ENOEXEC);
	ck_assert_int_eq(elf_check(fd, NULL, &info, &why), 0);
	close(fd);
}
END_TEST

SUITE(elf)
{
	Suite *suite = suite_create("elf");
	TCase *tests = tcase_create("elf");

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, test_good);
	tcase_add_test(tests, test_cut_off_anywhere);
	tcase_add_test(tests, test_every_byte_damaged);
	tcase_add_test(tests, test_offsets_out_of_range);
	tcase_add_test(tests, test_static);
	tcase_add_test(tests, test_machines);
	tcase_add_test(tests, test_classes);
	tcase_add_test(tests, test_types);
	tcase_add_test(tests, test_header_tables);
	tcase_add_test(tests, test_not_elf);
	tcase_add_test(tests, test_loaders);
	tcase_add_test(tests, test_runtimes);
	tcase_add_test(tests, test_a_real_program);
	suite_add_tcase(suite, tests);
	return suite;
}
