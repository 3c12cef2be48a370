/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log - see log.h */
#include "daemon/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_ 512

void log_init(struct log *log)
{
	*log = (struct log){.file = NULL};
	pthread_mutex_init(&log->mutex, NULL);
}

int log_open(struct log *log, const char *path, struct nommu_why *why)
{
	log->file = fopen(path, "ae");
	if (log->file)
		return 0;
	snprintf(why->text, sizeof(why->text), "log '%.120s': %s", path, strerror(errno));
	return -errno;
}

void log_detach(struct log *log)
{
	pthread_mutex_lock(&log->mutex);
	log->detached = true;
	pthread_mutex_unlock(&log->mutex);
}

void log_close(struct log *log)
{
	if (log->file)
		fclose(log->file);
	log->file = NULL;
}

void log_clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/* A line as it is, or not at all: a pipe that nobody reads must not stop the mount. */
static void write_line(int fd, const char *line, size_t length)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	if (poll(&ready, 1, 0) == 1 && write(fd, line, length) < 0)
		return; /* nobody to tell that either */
}

static void write_out(const struct log *log, time_t now, const char *text)
{
	char line[LINE_MAX_ + 64], when[32] = "";
	struct tm local;
	int length;

	if (!log->file && log->detached) {
		syslog(LOG_DAEMON | LOG_WARNING, "%s", text);
		return;
	}
	if (log->file && localtime_r(&now, &local))
		strftime(when, sizeof(when), "%F %T ", &local);
	length = snprintf(line, sizeof(line), "%snommufs: %s\n", when, text);
	write_line(log->file ? fileno(log->file) : STDERR_FILENO, line, (size_t)length);
}

/* Whether there is room for a line in this second; what had none before is told first. */
static bool has_room(struct log *log, time_t now)
{
	char text[64];

	if (now != log->second) {
		if (log->lost) {
			snprintf(text, sizeof(text), "%u lines were left out", log->lost);
			write_out(log, now, text);
		}
		log->second = now;
		log->lines = log->lost = 0;
	}
	if (log->lines < LOG_LINES) {
		log->lines++;
		return true;
	}
	log->lost++;
	return false;
}

void log_line(struct log *log, const char *format, ...)
{
	time_t now = time(NULL);
	char text[LINE_MAX_];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_clean(text);
	pthread_mutex_lock(&log->mutex);
	if (has_room(log, now))
		write_out(log, now, text);
	pthread_mutex_unlock(&log->mutex);
}
