/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "nommu.h"

static const struct {
	const char *name;
	uint32_t bit;
} names[] = {
	{ "copy", BDI_CAP_MAP_COPY },    { "direct", BDI_CAP_MAP_DIRECT }, { "read", BDI_CAP_READ_MAP },
	{ "write", BDI_CAP_WRITE_MAP },  { "exec", BDI_CAP_EXEC_MAP },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void trim(const char **text, size_t *len)
{
	while (*len && blank(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len && blank((*text)[*len - 1]))
		(*len)--;
}

/* Digits of @base, to the end. */
static int parse_number(const char *text, size_t len, unsigned int base, uint32_t *caps)
{
	uint32_t value = 0;

	if (!len || len > 8)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int c = tolower((unsigned char)text[i]);
		unsigned int digit = (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);

		if (!isxdigit(c) || digit >= base)
			return -EINVAL;
		value = value * base + digit;
	}
	if (value & ~BDI_CAP_ALL)
		return -EINVAL;
	*caps = value;
	return 0;
}

static int parse_name(const char *text, size_t len, uint32_t *caps)
{
	trim(&text, &len);
	for (size_t i = 0; i < NAMES; i++) {
		if (strlen(names[i].name) == len && memcmp(names[i].name, text, len) == 0) {
			*caps |= names[i].bit;
			return 0;
		}
	}
	return -EINVAL;
}

int nommu_caps_parse(const char *text, size_t len, uint32_t *caps)
{
	uint32_t parsed = 0;
	bool more;

	trim(&text, &len);
	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse_number(text + 2, len - 2, 16, caps);
	if (len && isdigit((unsigned char)text[0]))
		return parse_number(text, len, 10, caps);
	if (len == 4 && memcmp(text, "none", 4) == 0) {
		*caps = 0;
		return 0;
	}
	do {
		size_t part = 0;

		while (part < len && text[part] != ',' && text[part] != '+')
			part++;
		more = part < len;
		if (parse_name(text, part, &parsed))
			return -EINVAL;
		text += part + more;
		len -= part + more;
	} while (more);
	*caps = parsed;
	return 0;
}

int nommu_caps_format(uint32_t caps, char text[static NOMMU_CAPS_TEXT])
{
	size_t len = 0;

	for (size_t i = 0; i < NAMES; i++) {
		if (!(caps & names[i].bit))
			continue;
		if (len)
			text[len++] = ',';
		memcpy(text + len, names[i].name, strlen(names[i].name));
		len += strlen(names[i].name);
	}
	if (!len) {
		memcpy(text, "none", 4);
		len = 4;
	}
	text[len] = 0;
	return (int)len;
}

uint32_t nommu_caps_default(uint32_t kind)
{
	switch (kind) {
	case NOMMU_KIND_REGULAR:
	case NOMMU_KIND_BLOCK:
	case NOMMU_KIND_SHM:
		return BDI_CAP_MAP_COPY;
	case NOMMU_KIND_CHAR:
		return BDI_CAP_MAP_DIRECT | BDI_CAP_READ_MAP | BDI_CAP_WRITE_MAP;
	default:
		return 0;
	}
}
