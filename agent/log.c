/* SPDX-License-Identifier: ISC */
#include "agent/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAX_BYTES 1024

static enum log_level max_level = LOG_LEVEL_INFO;
static bool to_journal;

/*
 * A shell started by a unit inherits JOURNAL_STREAM too, with standard error
 * on a terminal: only the device and inode in it tell (systemd.exec(5)).
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino);
	return strcmp(stream, own) == 0;
}

void log_init(enum log_level max)
{
	max_level = max;
	to_journal = stderr_is_journal();
}

/*
 * A line may quote what a server or a file said: it stays one line, and says
 * nothing to a terminal. U+0080 to U+009F, two bytes in UTF-8, are controls
 * too.
 */
static void replace_controls(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
		else if (*s == '\xc2' && (s[1] & 0xe0) == 0x80)
			s[0] = s[1] = '?';
	}
}

/* One write() a line, so that lines of several processes do not mix. */
static void write_line(const char *line, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, line, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		line += done;
		n -= (size_t)done;
	}
}

void log_line(enum log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char line[LOG_MAX_BYTES];
	size_t room, length;
	va_list ap;
	int head, n;

	if (level > max_level)
		return;
	if (to_journal)
		head = snprintf(line, sizeof(line), "<%d>", (int)level);
	else
		head = snprintf(line, sizeof(line), "icmp-agent: ");

	room = sizeof(line) - (size_t)head;
	va_start(ap, format);
	n = vsnprintf(line + head, room, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	replace_controls(line + head);
	length = (size_t)n;
	if (length >= room) {
		length = room - 1;
		memset(line + head + length - 3, '.', 3);
	}
	line[(size_t)head + length] = '\n'; /* in place of the NUL */
	write_line(line, (size_t)head + length + 1);
	errno = saved_errno;
}
