/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run/signals.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

int signals_open(struct signals *signals)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&set, forwarded[i]);
	/* Where it is ignored, as some parents leave it, a child's exit status is lost. */
	if (sigaction(SIGCHLD, &standard, &signals->child) < 0 || sigprocmask(SIG_BLOCK, &set, &signals->mask) < 0)
		return -errno;
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals->fd < 0 ? -errno : 0;
}

void signals_restore(const struct signals *signals)
{
	sigaction(SIGCHLD, &signals->child, NULL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
}

bool signals_read(const struct signals *signals, struct signalfd_siginfo *info)
{
	return read(signals->fd, info, sizeof(*info)) == (ssize_t)sizeof(*info);
}

bool signals_to_forward(const struct signalfd_siginfo *info)
{
	return info->ssi_signo != SIGCHLD && info->ssi_code <= 0;
}

bool signals_ends(const struct signalfd_siginfo *info)
{
	struct sigaction found;

	if (info->ssi_signo == SIGCHLD || sigaction((int)info->ssi_signo, NULL, &found) < 0)
		return false;
	return found.sa_handler != SIG_IGN;
}
