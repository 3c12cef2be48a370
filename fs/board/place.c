/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place - see place.h */
#include "board/place.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define IMAGES_MAX (NOMMU_WINDOWS_MAX - 1) /* RAM has a window, too */

static bool below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return !strncmp(path, folder, length) && path[length] == '/';
}

static const char *name_flaw(const char *name, size_t length)
{
	if (!length)
		return "expected no two slashes in a row";
	if ((length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
		return "expected neither '.' nor '..' in it";
	if (length > NAME_MAX)
		return "a name in it has more than 255 bytes";
	return NULL;
}

static const char *path_flaw(char *path)
{
	const char *name = path, *flaw = NULL;
	size_t length = strlen(path);

	if (path[0] != '/')
		return "expected a path in the mount, which begins with '/'";
	if (length > 1 && path[length - 1] == '/')
		path[length - 1] = '\0';
	if (!strcmp(path, "/"))
		return "the root is the board's RAM; expected a path below it, as /rom";
	while (*name && !flaw) {
		length = strcspn(++name, "/");
		flaw = name_flaw(name, length);
		name += length;
	}
	if (!flaw && (!strcmp(path, "/proc") || below(path, "/proc")))
		flaw = "/proc is where the board tells of itself; expected another path, as /rom";
	return flaw;
}

static void say_clash(const struct board_image *other, const char *how, char flaw[static BOARD_IMAGE_FLAW_MAX])
{
	char where[32] = "the command line";

	if (other->line)
		snprintf(where, sizeof(where), "line %u", other->line);
	snprintf(flaw, BOARD_IMAGE_FLAW_MAX, "%s the image %.80s of %s", how, other->path, where);
}

bool board_image_check(const struct board *board, char *path, char flaw[static BOARD_IMAGE_FLAW_MAX])
{
	const char *text = path_flaw(path);

	if (!text && board->image_count >= IMAGES_MAX) {
		snprintf(flaw, BOARD_IMAGE_FLAW_MAX, "a board has at most %d images", IMAGES_MAX);
		return false;
	}
	for (size_t i = 0; !text && i < board->image_count; i++) {
		const struct board_image *other = &board->images[i];
		const char *how = !strcmp(path, other->path)   ? "here is already"
				  : below(path, other->path)   ? "it would be inside of"
				  : below(other->path, path) ? "it would be around"
							       : NULL;

		if (how) {
			say_clash(other, how, flaw);
			return false;
		}
	}
	if (text)
		snprintf(flaw, BOARD_IMAGE_FLAW_MAX, "%s", text);
	return !text;
}

char *board_image_file(const char *folder, const char *file)
{
	bool relative = file[0] != '/' && folder && *folder;
	const char *slash = relative && folder[strlen(folder) - 1] != '/' ? "/" : "";
	char *path;

	return asprintf(&path, "%s%s%s", relative ? folder : "", slash, file) < 0 ? NULL : path;
}
