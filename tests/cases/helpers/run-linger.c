/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run-linger FILE: leaves a process behind that stays on the board after this one has ended, as a server would: maps a
 * page each 10 ms until FILE is gone. vfork and exec, for there is no fork on such a machine.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int linger(const char *file)
{
	while (access(file, F_OK) == 0) {
		char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED)
			return 1;
		page[0] = 1;
		munmap(page, 4096);
		usleep(10000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc < 2)
		return 2;
	if (argc == 3)
		return linger(argv[1]);
	pid = vfork();
	if (pid == 0) {
		execl(argv[0], argv[0], argv[1], "child", (char *)NULL);
		_exit(127);
	}
	printf("%d\n", (int)pid);
	return pid < 0;
}
