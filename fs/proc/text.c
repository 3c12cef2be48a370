/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text - the one way in which /proc's texts are made; and the shortest of them. */
#include "proc/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

FILE *proc_text_begin(struct proc_text *text)
{
	*text = (struct proc_text){0};
	return open_memstream(&text->data, &text->size);
}

int proc_text_end(FILE *file, struct proc_text *text, int error)
{
	if (ferror(file) && !error)
		error = -ENOMEM;
	if (fclose(file) && !error)
		error = -ENOMEM;
	if (error) {
		free(text->data);
		*text = (struct proc_text){0};
	}
	return error;
}

int proc_trim(struct nommu_board *board, struct proc_text *text)
{
	FILE *file = proc_text_begin(text);

	if (!file)
		return -ENOMEM;
	fprintf(file, "%u\n", nommu_board_trim(board));
	return proc_text_end(file, text, 0);
}

int proc_set_trim(struct nommu_board *board, const char *data, size_t size)
{
	char number[32], *end;
	long long pages;

	while (size && (data[size - 1] == '\n' || data[size - 1] == '\0'))
		size--;
	if (!size || size >= sizeof(number))
		return -EINVAL;
	memcpy(number, data, size);
	number[size] = '\0';
	errno = 0;
	pages = strtoll(number, &end, 10);
	if (errno || end == number || *end)
		return -EINVAL;
	return nommu_board_set_trim(board, pages);
}
