/* SPDX-License-Identifier: ISC */
#ifndef LOG_H
#define LOG_H

/*
 * One line a fact, to standard error. Under systemd (JOURNAL_STREAM set) each
 * line bears its priority as <N>, see sd-daemon(3). Only main, agent and the
 * edges log.
 */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Lines above `max` are not printed; LOG_LEVEL_INFO until this is called. */
void log_init(enum log_level max);

void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
