/* SPDX-License-Identifier: ISC */
#include "agent/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/log.h"

enum {
	TOKEN_BYTES = 4 * ((SHA256_DIGEST_LENGTH + 2) / 3)
};

/* The two characters that valid text can hold and a JSON string cannot. */
static int put_escaped(char *buf, size_t size, const char *s)
{
	size_t n = 0;

	for (; *s; s++) {
		if (n + 3 > size)
			return -ENOSPC;
		if (*s == '"' || *s == '\\')
			buf[n++] = '\\';
		buf[n++] = *s;
	}
	buf[n] = '\0';
	return 0;
}

static void put_token(char token[static TOKEN_BYTES + 1], const char *password)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)password, strlen(password), digest);
	EVP_EncodeBlock((unsigned char *)token, digest, sizeof(digest));
}

int credentials_payload(const char *name, const char *password, char *buf,
			size_t size)
{
	char escaped[512];
	char token[TOKEN_BYTES + 1];
	int n;

	if (put_escaped(escaped, sizeof(escaped), name))
		return -ENOSPC;
	if (password) {
		put_token(token, password);
		n = snprintf(buf, size,
			     "{\"user\":{\"username\":\"%s\"},"
			     "\"token\":\"%s\"}",
			     escaped, token);
	} else {
		n = snprintf(buf, size,
			     "{\"user\":{\"username\":\"%s\"},"
			     "\"token\":null}",
			     escaped);
	}
	return n < 0 || (size_t)n >= size ? -ENOSPC : n;
}

/* ---- the file ---- */

enum {
	PASSWORD_BYTES = 1024
};

struct credentials {
	const char *password;
	const char *path;
	int fd; /* of path, -1 without one */
	struct ssl_ctx_st *tls;
};

static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = pread(fd, buf + n, size - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

/* The first line. -EMSGSIZE where it is too long, -ENODATA where empty. */
static int read_line(int fd, char *buf, size_t size)
{
	ssize_t n = read_all(fd, buf, size);

	if (n < 0)
		return (int)n;
	if ((size_t)n == size)
		return -EMSGSIZE;
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return buf[0] ? 0 : -ENODATA;
}

/* O_NONBLOCK: a FIFO fails, and does not wait for a writer. */
static int open_file(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static int read_password(const struct credentials *c, char *buf, size_t size)
{
	int fd = open_file(c->path);
	int err = read_line(fd < 0 ? c->fd : fd, buf, size);

	if (fd >= 0)
		close(fd);
	return err;
}

static void say_unreadable(const char *path, int err)
{
	log_error("password file %s: %s; its first line must be the password, "
		  "see --password-file",
		  path,
		  err == -ENODATA    ? "empty"
		  : err == -EMSGSIZE ? "too long"
		  : err == -ESPIPE   ? "a pipe can be read only once"
				     : strerror(-err));
}

/* Opens it to stay, and reads it once: a mistake shows at the start. */
static int try_file(struct credentials *c)
{
	char password[PASSWORD_BYTES];
	int err;

	c->fd = open_file(c->path);
	err = c->fd < 0 ? -errno : read_line(c->fd, password, sizeof(password));
	explicit_bzero(password, sizeof(password));
	if (!err)
		return 0;
	say_unreadable(c->path, err);
	return -EINVAL;
}

int credentials_new(const char *password, const char *path,
		    struct credentials **ret_credentials)
{
	struct credentials *c;
	int err = 0;

	c = malloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = (struct credentials){.password = password, .path = path, .fd = -1};
	if (!password && path)
		err = try_file(c);
	if (err)
		credentials_free(c);
	else
		*ret_credentials = c;
	return err;
}

int credentials_read_tls(struct credentials *c,
			 const struct trust_config *config)
{
	return trust_new(config, &c->tls);
}

struct ssl_ctx_st *credentials_tls(const struct credentials *c)
{
	return c->tls;
}

void credentials_free(struct credentials *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	trust_free(c->tls);
	free(c);
}

int credentials_write(const struct credentials *c, const char *name, char *buf,
		      size_t size)
{
	char password[PASSWORD_BYTES];
	int n;

	if (c->password || !c->path)
		return credentials_payload(name, c->password, buf, size);
	n = read_password(c, password, sizeof(password));
	if (n < 0) {
		say_unreadable(c->path, n);
		return n;
	}
	n = credentials_payload(name, password, buf, size);
	explicit_bzero(password, sizeof(password));
	return n;
}
