/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run/own.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/keeper.h"
#include "run/program.h"

#define STOP_MS 15000 /* that the keeper may take */

struct command {
	char program[PATH_MAX];
	char source[PATH_MAX + 2];
	char *options;
	char *argv[6];
};

static int out_of(struct nommu_why *why, const char *what, int error)
{
	snprintf(why->text, sizeof(why->text), "%s: %s%s", what, strerror(error),
		 error == ENOSYS ? " (an own board cannot be started from a wrapped program)" : "");
	return -error;
}

/* The command line of nommufs; options is to be freed. */
static int make_command(struct command *command, const struct run_options *options, struct place *place)
{
	const char *image = options->image ? options->image : "none";
	int n = 0;

	if (program_beside("nommufs", "../bin", command->program) < 0)
		strcpy(command->program, "nommufs");
	command->options = run_options_nommufs(options);
	if (!command->options)
		return -ENOMEM;
	if (strlen(image) >= PATH_MAX)
		return -ENAMETOOLONG;
	/* An image of the name "none", or one that looks like an option. */
	snprintf(command->source, sizeof(command->source), "%s%s", options->image && image[0] != '/' ? "./" : "",
		 image);
	command->argv[n++] = command->program;
	if (command->options[0]) {
		static char dash_o[] = "-o";

		command->argv[n++] = dash_o;
		command->argv[n++] = command->options;
	}
	command->argv[n++] = command->source;
	command->argv[n++] = place->mnt;
	command->argv[n] = NULL;
	return 0;
}

static int start_keeper(struct own *own, char *const *argv, const struct signals *signals)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	own->keeper = fork();
	if (own->keeper == 0) {
		struct keeper keeper = { .fd = pair[1], .argv = argv, .place = &own->place, .signals = signals };

		close(pair[0]);
		keeper_run(&keeper);
	}
	own->fd = pair[0];
	close(pair[1]);
	if (own->keeper < 0) {
		int error = errno;

		close(own->fd);
		return -error;
	}
	return 0;
}

/* The keeper's next word, or 0: it is gone, or said nothing within @ms. */
static char hear(const struct own *own, int ms)
{
	struct pollfd poll_fd = { .fd = own->fd, .events = POLLIN };
	char word = 0;

	while (poll(&poll_fd, 1, ms) < 0 && errno == EINTR)
		;
	return recv(own->fd, &word, 1, MSG_DONTWAIT) == 1 ? word : 0;
}

/* Wait for the keeper's first word. Returns it, 0 if the keeper is gone, or the negative number of a signal. */
static int await_ready(const struct own *own, const struct signals *signals)
{
	struct pollfd polls[] = {
		{ .fd = own->fd, .events = POLLIN },
		{ .fd = signals->fd, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(polls, 2, -1) < 0)
			continue;
		if (polls[1].revents && signals_read(signals, &info) && signals_ends(&info))
			return -(int)info.ssi_signo;
		if (polls[0].revents)
			return hear(own, 0);
	}
}

int own_start(struct own *own, const struct run_options *options, const struct signals *signals, struct nommu_why *why)
{
	struct command command = { .options = NULL };
	int rc;

	rc = place_make(&own->place, why);
	if (rc < 0)
		return rc;
	rc = make_command(&command, options, &own->place);
	if (rc == 0)
		rc = start_keeper(own, command.argv, signals);
	free(command.options);
	if (rc < 0) {
		place_remove(&own->place);
		return out_of(why, "cannot start an own board", -rc);
	}
	rc = await_ready(own, signals);
	if (rc == KEEPER_READY)
		return 0;
	why->text[0] = '\0';
	if (rc == 0)
		snprintf(why->text, sizeof(why->text), "the process that keeps the own board was killed");
	own_stop(own);
	return rc < 0 ? -rc : -EIO;
}

void own_stop(struct own *own)
{
	char word;

	shutdown(own->fd, SHUT_WR);
	do {
		word = hear(own, STOP_MS);
	} while (word == KEEPER_READY || word == KEEPER_FAILED);
	close(own->fd);
	if (word == KEEPER_GONE)
		waitpid(own->keeper, NULL, 0);
	if (word == 0) {
		/* Somebody killed the keeper. */
		place_unmount(&own->place);
		place_remove(&own->place);
	}
}
