/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run-catch FILE: counts signals. Writes its pid to FILE when it is ready, a line for each signal after that, "1 0 0 0 0 7" (how often HUP, INT, QUIT,
 * USR1, USR2 came, exit status) to standard output when TERM comes, and ends with 7.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int counted[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2 };

#define COUNTED (sizeof(counted) / sizeof(counted[0]))

int main(int argc, char **argv)
{
	unsigned int times[COUNTED] = { 0 };
	sigset_t set;
	FILE *file;
	int signo;

	if (argc < 2)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	for (size_t i = 0; i < COUNTED; i++)
		sigaddset(&set, counted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	file = fopen(argv[1], "w");
	if (!file)
		return 2;
	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
	while (sigwait(&set, &signo) == 0 && signo != SIGTERM) {
		file = fopen(argv[1], "a");
		if (!file)
			return 2;
		fprintf(file, "%d\n", signo);
		fclose(file);
		for (size_t i = 0; i < COUNTED; i++)
			times[i] += counted[i] == signo;
	}
	for (size_t i = 0; i < COUNTED; i++)
		printf("%u ", times[i]);
	printf("7\n");
	return 7;
}
