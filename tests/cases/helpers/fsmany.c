/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fsmany - makes or removes many files, without a process for each: fsmany make|remove NAME… */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int make = argc > 1 && !strcmp(argv[1], "make");

	for (int i = 2; i < argc; i++) {
		int fd = make ? open(argv[i], O_WRONLY | O_CREAT | O_EXCL, 0644) : unlink(argv[i]);

		if (fd < 0) {
			perror(argv[i]);
			return 1;
		}
		if (make)
			close(fd);
	}
	return 0;
}
