/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bdi - see bdi.h */
#include "board/bdi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const names[BDI_SETTABLE] = {
	[BDI_CAPABILITIES] = "capabilities",
	[BDI_KIND] = "kind",
	[BDI_GET_UNMAPPED_AREA] = "get_unmapped_area",
	[BDI_MMAP] = "mmap",
	[BDI_READ] = "read",
};

static const char *const known[BDI_SETTABLE] = {
	[BDI_CAPABILITIES] = "names out of copy, direct, read, write and exec with + between, or none, or a number such as 0x1c",
	[BDI_KIND] = "regular, block, char or shm",
	[BDI_GET_UNMAPPED_AREA] = "ok, none or the name of an errno such as ENOSYS",
	[BDI_MMAP] = "ok, none or the name of an errno such as ENOSYS",
	[BDI_READ] = "yes or no",
};

static const struct {
	const char *name;
	uint32_t kind;
} kinds[] = {
	{"regular", NOMMU_KIND_REGULAR},
	{"block", NOMMU_KIND_BLOCK},
	{"char", NOMMU_KIND_CHAR},
	{"shm", NOMMU_KIND_SHM},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *bdi_name(enum bdi_what what)
{
	return names[what];
}

int bdi_find(const char *name)
{
	if (strncmp(name, BDI_PREFIX, sizeof(BDI_PREFIX) - 1))
		return -1;
	for (int i = 0; i < BDI_SETTABLE; i++)
		if (!strcmp(name + sizeof(BDI_PREFIX) - 1, names[i]))
			return i;
	return -1;
}

static bool is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(text, word, len);
}

static int parse_kind(const char *text, size_t len, uint32_t *kind)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (is(text, len, kinds[i].name)) {
			*kind = kinds[i].kind;
			return 0;
		}
	}
	return -EINVAL;
}

/* The highest errno that Linux has; their names are libc's to tell. */
#define ERRNO_LAST 133

static int parse_answer(const char *text, size_t len, int32_t *answer)
{
	if (is(text, len, "ok")) {
		*answer = 0;
		return 0;
	}
	if (is(text, len, "none")) {
		*answer = NOMMU_OP_NONE;
		return 0;
	}
	for (int error = 1; error <= ERRNO_LAST; error++) {
		const char *name = strerrorname_np(error);

		if (name && is(text, len, name)) {
			*answer = -error;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_read(const char *text, size_t len, bool *read)
{
	*read = is(text, len, "yes");
	return *read || is(text, len, "no") ? 0 : -EINVAL;
}

#define SHOWN 40 /* bytes of a value that is not known */

static void explain(const char *text, size_t len, enum bdi_what what, struct nommu_why *why)
{
	char shown[SHOWN + 1] = "";

	/* It may hold anything, and go to a terminal. */
	for (size_t i = 0; i < len && i < SHOWN; i++)
		shown[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	snprintf(why->text, sizeof(why->text), "'%s' is not known; it takes %s", shown, known[what]);
}

int bdi_parse(struct bdi *bdi, enum bdi_what what, const char *text, size_t len, struct nommu_why *why)
{
	struct bdi next = *bdi;
	int error = -EINVAL;

	/* What `echo` writes ends in a newline. */
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\0'))
		len--;
	switch (what) {
	case BDI_CAPABILITIES:
		error = nommu_caps_parse(text, len, &next.caps);
		break;
	case BDI_KIND:
		error = parse_kind(text, len, &next.kind);
		break;
	case BDI_GET_UNMAPPED_AREA:
		error = parse_answer(text, len, &next.address_op);
		break;
	case BDI_MMAP:
		error = parse_answer(text, len, &next.map_op);
		break;
	case BDI_READ:
		error = parse_read(text, len, &next.read);
		break;
	case BDI_SETTABLE:
		break;
	}
	if (error) {
		explain(text, len, what, why);
		return error;
	}
	next.set |= 1u << what;
	*bdi = next;
	return 0;
}

static size_t put(char text[static BDI_TEXT_MAX], const char *word)
{
	return (size_t)snprintf(text, BDI_TEXT_MAX, "%s", word);
}

static size_t format_answer(int32_t answer, char text[static BDI_TEXT_MAX])
{
	if (answer == 0)
		return put(text, "ok");
	if (answer == NOMMU_OP_NONE)
		return put(text, "none");
	return put(text, strerrorname_np(-answer));
}

static size_t format_kind(uint32_t kind, char text[static BDI_TEXT_MAX])
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].kind == kind)
			return put(text, kinds[i].name);
	return put(text, "other");
}

size_t bdi_format(const struct nommu_file_attr *attr, enum bdi_what what, char text[static BDI_TEXT_MAX])
{
	switch (what) {
	case BDI_CAPABILITIES:
		return (size_t)nommu_caps_format(
			attr->flags & NOMMU_FILE_CAPS_SET ? attr->caps : nommu_caps_default(attr->kind), text);
	case BDI_KIND:
		return format_kind(attr->kind, text);
	case BDI_GET_UNMAPPED_AREA:
		return format_answer(attr->address_op, text);
	case BDI_MMAP:
		return format_answer(attr->map_op, text);
	case BDI_READ:
		return put(text, attr->flags & NOMMU_FILE_NO_READ ? "no" : "yes");
	case BDI_SETTABLE:
		break;
	}
	return 0;
}

size_t bdi_format_set(const struct bdi *bdi, enum bdi_what what, char text[static BDI_TEXT_MAX])
{
	struct nommu_file_attr attr = {
		.kind = bdi->kind,
		.flags = NOMMU_FILE_CAPS_SET | (bdi->read ? 0 : NOMMU_FILE_NO_READ),
		.caps = bdi->caps,
		.address_op = bdi->address_op,
		.map_op = bdi->map_op,
	};

	return bdi->set & 1u << what ? bdi_format(&attr, what, text) : 0;
}

void bdi_merge(struct bdi *bdi, const struct bdi *over)
{
	if (over->set & 1u << BDI_CAPABILITIES)
		bdi->caps = over->caps;
	if (over->set & 1u << BDI_KIND)
		bdi->kind = over->kind;
	if (over->set & 1u << BDI_GET_UNMAPPED_AREA)
		bdi->address_op = over->address_op;
	if (over->set & 1u << BDI_MMAP)
		bdi->map_op = over->map_op;
	if (over->set & 1u << BDI_READ)
		bdi->read = over->read;
	bdi->set |= over->set;
}

void bdi_apply(const struct bdi *bdi, enum nommu_profile profile, struct nommu_file_attr *attr)
{
	if (bdi->set & 1u << BDI_KIND) {
		attr->kind = bdi->kind;
		attr->flags &= ~NOMMU_FILE_CAPS_SET;
		attr->caps = 0;
	}
	if (bdi->set & 1u << BDI_CAPABILITIES) {
		/* In the patch 0 means unset: the default of the kind, not of the place, takes effect. */
		if (bdi->caps || profile != NOMMU_PROFILE_BDI)
			attr->flags |= NOMMU_FILE_CAPS_SET;
		else
			attr->flags &= ~NOMMU_FILE_CAPS_SET;
		attr->caps = bdi->caps;
	}
	if (bdi->set & 1u << BDI_GET_UNMAPPED_AREA)
		attr->address_op = bdi->address_op;
	if (bdi->set & 1u << BDI_MMAP)
		attr->map_op = bdi->map_op;
	if (bdi->set & 1u << BDI_READ) {
		attr->flags &= ~NOMMU_FILE_NO_READ;
		attr->flags |= bdi->read ? 0 : NOMMU_FILE_NO_READ;
	}
}
