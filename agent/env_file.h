/* SPDX-License-Identifier: ISC */
#ifndef ENV_FILE_H
#define ENV_FILE_H

/*
 * KEY=VALUE lines, read so that systemd's EnvironmentFile= (systemd.exec(5))
 * and docker's --env-file take the same file to mean the same. Where the two
 * differ the line is refused, never guessed: a backslash outside quotes, text
 * behind a closing quote. Nothing is expanded. Pure.
 */
#include <stddef.h>

struct env_file {
	char *next; /* what has not been read; NULL at the end */
	unsigned int line;
};

/* `text`, of `length` bytes and a NUL behind them, is changed by reading. */
void env_file_init(struct env_file *f, char *text, size_t length);

/*
 * 1 and the next pair, which points into the text; 0 at the end; -EINVAL with
 * the cause in ret_error. f->line is then the line of the pair or the defect,
 * from 1.
 */
int env_file_next(struct env_file *f, const char **ret_key,
		  const char **ret_value, char *ret_error, size_t error_size);

#endif
