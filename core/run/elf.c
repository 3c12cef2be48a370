/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run/elf.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PHDRS_MAX   1170 /* the kernel takes no larger table: 64 KiB */
#define DYNAMIC_MAX 4096 /* entries that are looked at */

struct elf {
	int fd;
	Elf64_Ehdr header;
};

/* What the dynamic section says. */
struct dynamic {
	uint64_t strings; /* offset of the string table in the file; 0: none */
	uint64_t flags;   /* DT_FLAGS_1 */
};

__attribute__((format(printf, 2, 3))) static int refuse(struct nommu_why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return -ENOEXEC;
}

/* All @len bytes at @offset, or false. */
static bool read_at(int fd, void *buf, size_t len, uint64_t offset)
{
	return offset <= INT64_MAX - len && pread(fd, buf, len, (off_t)offset) == (ssize_t)len;
}

/* A string at @offset that ends within @size bytes; else "". */
static void read_string(int fd, char *text, size_t size, uint64_t offset)
{
	ssize_t n = offset <= INT64_MAX - size ? pread(fd, text, size, (off_t)offset) : -1;

	if (n <= 0 || !memchr(text, '\0', (size_t)n))
		text[0] = '\0';
}

/* ---- machines -------------------------------------------------------------------------------------------------- */

static const char *machine_name(unsigned int machine)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} known[] = {
		{ EM_386, "i386" },
		{ EM_X86_64, "x86-64" },
		{ EM_ARM, "ARM" },
		{ EM_AARCH64, "AArch64" },
		{ EM_RISCV, "RISC-V" },
		{ EM_MIPS, "MIPS" },
		{ EM_PPC, "PowerPC" },
		{ EM_PPC64, "PowerPC 64" },
		{ EM_68K, "m68k (ColdFire)" },
		{ EM_SH, "SuperH" },
		{ EM_BLACKFIN, "Blackfin" },
		{ EM_MICROBLAZE, "MicroBlaze" },
		{ EM_XTENSA, "Xtensa" },
		{ EM_ALTERA_NIOS2, "Nios II" },
		{ EM_SPARC, "SPARC" },
		{ EM_S390, "S/390" },
		{ 0x5441, /* Cygnus's number, which elf.h lacks */ "FR-V" },
		{ EM_H8_300, "H8/300" },
		{ EM_LOONGARCH, "LoongArch" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].machine == machine)
			return known[i].name;
	}
	return NULL;
}

static int check_machine(const unsigned char *ident, uint16_t raw, struct nommu_why *why)
{
	unsigned int machine = ident[EI_DATA] == ELFDATA2MSB ? be16toh(raw) : le16toh(raw);
	const char *name = machine_name(machine);
	char number[32];

	if (!name) {
		snprintf(number, sizeof(number), "ELF machine %u", machine);
		name = number;
	}
	if (ident[EI_CLASS] < ELFCLASS32 || ident[EI_CLASS] > ELFCLASS64 || ident[EI_DATA] < ELFDATA2LSB ||
	    ident[EI_DATA] > ELFDATA2MSB)
		return refuse(why, "is damaged: its ELF header has class %u and byte order %u", ident[EI_CLASS],
			      ident[EI_DATA]);
	if (machine != EM_X86_64)
		return refuse(why, "is a program for %s: the shim is for x86-64; build it for this machine", name);
	if (ident[EI_CLASS] != ELFCLASS64)
		return refuse(why, "is an x32 program with 32-bit pointers: the shim is for 64-bit x86-64; build it "
				   "without -mx32");
	return 0;
}

/* ---- headers --------------------------------------------------------------------------------------------------- */

static bool read_phdr(const struct elf *elf, unsigned int i, Elf64_Phdr *phdr)
{
	return i < elf->header.e_phnum && i < PHDRS_MAX &&
	       read_at(elf->fd, phdr, sizeof(*phdr), elf->header.e_phoff + (uint64_t)i * sizeof(*phdr));
}

static bool find_phdr(const struct elf *elf, uint32_t type, Elf64_Phdr *phdr)
{
	for (unsigned int i = 0; read_phdr(elf, i, phdr); i++) {
		if (phdr->p_type == type)
			return true;
	}
	return false;
}

/* Where in the file the byte lies that is loaded at @addr; 0: nowhere. */
static uint64_t offset_of(const struct elf *elf, uint64_t addr)
{
	Elf64_Phdr phdr;

	for (unsigned int i = 0; read_phdr(elf, i, &phdr); i++) {
		if (phdr.p_type == PT_LOAD && addr >= phdr.p_vaddr && addr - phdr.p_vaddr < phdr.p_filesz)
			return phdr.p_offset + (addr - phdr.p_vaddr);
	}
	return 0;
}

static bool read_dyn(const struct elf *elf, const Elf64_Phdr *dynamic, unsigned int i, Elf64_Dyn *dyn)
{
	uint64_t at = (uint64_t)i * sizeof(*dyn);

	return i < DYNAMIC_MAX && at < dynamic->p_filesz &&
	       read_at(elf->fd, dyn, sizeof(*dyn), dynamic->p_offset + at) && dyn->d_tag != DT_NULL;
}

bool elf_is_runtime(const char *name, size_t len)
{
	static const char *const runtimes[] = { "libasan.so", "libhwasan.so", "libtsan.so", "liblsan.so" };

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		size_t n = strlen(runtimes[i]);

		if (len >= n && memcmp(name, runtimes[i], n) == 0)
			return true;
	}
	return false;
}

/* What the dynamic section says, and in @runtime the first sanitizer's runtime among the libraries it needs. */
static void read_dynamic(const struct elf *elf, struct dynamic *found, char runtime[static ELF_RUNTIME_MAX])
{
	Elf64_Phdr dynamic;
	Elf64_Dyn dyn;

	memset(found, 0, sizeof(*found));
	runtime[0] = '\0';
	if (!find_phdr(elf, PT_DYNAMIC, &dynamic))
		return;
	for (unsigned int i = 0; read_dyn(elf, &dynamic, i, &dyn); i++) {
		if (dyn.d_tag == DT_STRTAB)
			found->strings = offset_of(elf, dyn.d_un.d_ptr);
		if (dyn.d_tag == DT_FLAGS_1)
			found->flags = dyn.d_un.d_val;
	}
	for (unsigned int i = 0; found->strings && read_dyn(elf, &dynamic, i, &dyn); i++) {
		if (dyn.d_tag != DT_NEEDED)
			continue;
		read_string(elf->fd, runtime, ELF_RUNTIME_MAX, found->strings + dyn.d_un.d_val);
		if (elf_is_runtime(runtime, strlen(runtime)))
			return;
	}
	runtime[0] = '\0';
}

/* ---- the judgement --------------------------------------------------------------------------------------------- */

static int check_header(const struct elf *elf, struct nommu_why *why)
{
	const Elf64_Ehdr *h = &elf->header;

	if (h->e_type == ET_REL)
		return refuse(why, "is an object file, not a program: link it");
	if (h->e_type == ET_CORE)
		return refuse(why, "is a core dump, not a program");
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return refuse(why, "is an ELF file of type %u; a program (type 2 or 3) was expected", h->e_type);
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > PHDRS_MAX)
		return refuse(why, "is damaged: its ELF header names %u program headers of %u bytes", h->e_phnum,
			      h->e_phentsize);
	for (unsigned int i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr phdr;

		if (!read_phdr(elf, i, &phdr))
			return refuse(why, "is damaged: it ends inside of its program headers");
	}
	return 0;
}

/* Without PT_INTERP no loader runs, and so nothing is preloaded. */
static int refuse_static(const struct elf *elf, const struct dynamic *dynamic, struct nommu_why *why)
{
	if (elf->header.e_type == ET_DYN && !(dynamic->flags & DF_1_PIE))
		return refuse(why, "names no loader: it is a shared library, or statically linked; "
				   "a dynamically linked program was expected");
	return refuse(why, "is statically linked: the dynamic loader does not run, so the shim cannot be preloaded; "
			   "link it dynamically");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A name that can be shown to a person. */
static bool printable(const char *name)
{
	for (; *name; name++) {
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	}
	return true;
}

static int check_loader(const struct elf *elf, const Elf64_Phdr *interp, const char *own_loader, struct elf_info *info,
			struct nommu_why *why)
{
	if (interp->p_filesz < 2 || interp->p_filesz > sizeof(info->loader))
		return refuse(why, "is damaged: its loader's name has %llu bytes",
			      (unsigned long long)interp->p_filesz);
	if (!read_at(elf->fd, info->loader, interp->p_filesz, interp->p_offset) ||
	    info->loader[interp->p_filesz - 1] != '\0' || info->loader[0] == '\0' || !printable(info->loader))
		return refuse(why, "is damaged: the name of its loader cannot be read");
	if (own_loader && strcmp(base_name(info->loader), own_loader) != 0)
		return refuse(why,
			      "is loaded by %.80s: the shim is built for the C library of %.40s; link it with that one",
			      info->loader, own_loader);
	if (access(info->loader, X_OK) < 0)
		return refuse(why, "names %.120s as its loader, which is not there or cannot be executed",
			      info->loader);
	return 0;
}

int elf_check(int fd, const char *own_loader, struct elf_info *info, struct nommu_why *why)
{
	struct elf elf = { .fd = fd };
	unsigned char ident[EI_NIDENT + 4] = { 0 };
	struct dynamic dynamic;
	Elf64_Phdr interp;
	uint16_t machine;
	ssize_t n;
	int rc;

	memset(info, 0, sizeof(*info));
	n = pread(fd, ident, sizeof(ident), 0);
	if (n >= 4 && memcmp(ident, "bFLT", 4) == 0)
		return refuse(why, "is a bFLT program for a machine without an MMU, which no loader here starts; "
				   "build the same source as a dynamically linked program for this machine");
	if (n < SELFMAG || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return -ENOENT;
	if (n < (ssize_t)sizeof(ident))
		return refuse(why, "is damaged: it ends inside of its ELF header, after %zd bytes", n);
	memcpy(&machine, ident + EI_NIDENT + 2, sizeof(machine));
	rc = check_machine(ident, machine, why);
	if (rc < 0)
		return rc;
	if (!read_at(fd, &elf.header, sizeof(elf.header), 0))
		return refuse(why, "is damaged: it ends inside of its ELF header");
	rc = check_header(&elf, why);
	if (rc < 0)
		return rc;
	read_dynamic(&elf, &dynamic, info->runtime);
	if (!find_phdr(&elf, PT_INTERP, &interp))
		return refuse_static(&elf, &dynamic, why);
	return check_loader(&elf, &interp, own_loader, info, why);
}

void elf_read(int fd, struct elf_info *info)
{
	struct elf elf = { .fd = fd };
	struct dynamic dynamic;
	Elf64_Phdr interp;

	memset(info, 0, sizeof(*info));
	if (!read_at(fd, &elf.header, sizeof(elf.header), 0) || memcmp(elf.header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf.header.e_ident[EI_CLASS] != ELFCLASS64 || elf.header.e_phentsize != sizeof(Elf64_Phdr))
		return;
	read_dynamic(&elf, &dynamic, info->runtime);
	if (find_phdr(&elf, PT_INTERP, &interp))
		read_string(fd, info->loader, sizeof(info->loader), interp.p_offset);
}
