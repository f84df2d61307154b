/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "agent/log.h"
#include "agent/sandbox.h"

/*
 * Each case runs in a child, for there is no way out of a sandbox. A child
 * tells what it found by its exit status; `talk` and `wait` are pipes to the
 * parent for those who look at it from outside.
 */
struct child {
	pid_t pid;
	int text;	/* what it wrote to standard error */
	int release_fd; /* closed: it may end */
};

#define CHILD_FAILED 99

static void become_dumpable(uid_t uid)
{
	if (setresuid(uid, uid, uid) < 0 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		_exit(CHILD_FAILED);
}

/* `uid`, if not 0, is who enters the sandbox. */
static struct child start_as(uid_t uid, const struct sandbox_config *config,
			     int (*body)(void))
{
	const gid_t groups[] = {1, 4};
	struct child c;
	int text[2], hold[2];

	assert_int_equal(pipe(text), 0);
	assert_int_equal(pipe(hold), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		char byte;

		dup2(text[1], STDERR_FILENO);
		close(text[0]);
		close(hold[1]);
		log_init(LOG_LEVEL_INFO);
		(void)setgroups(2, groups); /* to be lost; needs root */
		if (uid)
			become_dumpable(uid);
		if (sandbox_enter(config) < 0)
			_exit(CHILD_FAILED);
		if (body)
			_exit(body());
		close(text[1]);
		close(STDERR_FILENO);
		_exit(read(hold[0], &byte, 1) == 0 ? 0 : CHILD_FAILED);
	}
	close(text[1]);
	close(hold[0]);
	c.text = text[0];
	c.release_fd = hold[1];
	return c;
}

static struct child start(const struct sandbox_config *config,
			  int (*body)(void))
{
	return start_as(0, config, body);
}

/* All that the child logged, up to its end or its closing of the pipe. */
static void read_log(const struct child *c, char *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while ((got = read(c->text, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	buf[n] = '\0';
}

/* The exit status, or 128 and the signal. */
static int finish(const struct child *c)
{
	int status;

	close(c->release_fd);
	close(c->text);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int run(const struct sandbox_config *config, int (*body)(void))
{
	struct child c = start(config, body);
	char text[512];

	read_log(&c, text, sizeof(text));
	return finish(&c);
}

/* A line of /proc/PID/status, without its name and blanks. */
static void read_status(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	buf[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(name);

		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(buf, size, "%s", line + n + 1 + (line[n + 1] == '\t'));
	}
	fclose(f);
}

static void assert_status(const struct child *c, const char *name,
			  const char *expected)
{
	char got[256];

	read_status(c->pid, name, got, sizeof(got));
	if (strcmp(got, expected) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", name, got, expected);
}

static bool has(cap_value_t value)
{
	cap_flag_value_t flag = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	cap_get_flag(caps, value, CAP_EFFECTIVE, &flag);
	cap_free(caps);
	return flag == CAP_SET;
}

/* ---- who it is, and what it may do ---------------------------------------- */

static void test_becomes_nobody_with_two_capabilities(void **state)
{
	const struct sandbox_config config = {
		.user = "nobody",
		.keep = SANDBOX_KEEP_NET_ADMIN | SANDBOX_KEEP_BPF,
	};
	const char *two = "0000008000001000"; /* bits 39 and 12 */
	char text[512];
	struct child c;

	(void)state;
	if (!has(CAP_SETUID) || !has(CAP_NET_ADMIN) || !has(CAP_BPF))
		skip();
	c = start(&config, NULL);
	read_log(&c, text, sizeof(text));
	assert_non_null(strstr(text, "runs as user nobody (65534), "
				     "capabilities: "));
	assert_non_null(strstr(text, "cap_net_admin"));
	assert_non_null(strstr(text, "cap_bpf"));
	assert_non_null(strstr(text, "system calls: filtered\n"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);

	assert_status(&c, "Uid", "65534\t65534\t65534\t65534");
	assert_status(&c, "Gid", "65534\t65534\t65534\t65534");
	assert_status(&c, "Groups", " ");
	assert_status(&c, "CapPrm", two);
	assert_status(&c, "CapEff", two);
	assert_status(&c, "CapInh", "0000000000000000");
	assert_status(&c, "CapAmb", "0000000000000000");
	if (has(CAP_SETPCAP))
		assert_status(&c, "CapBnd", "0000000000000000");
	assert_status(&c, "NoNewPrivs", "1");
	assert_status(&c, "Seccomp", "2");

	assert_int_equal(finish(&c), 0);
}

static void test_keeps_no_capability_unasked(void **state)
{
	const struct sandbox_config config = {.user = "12345"};
	char text[512];
	struct child c;

	(void)state;
	if (!has(CAP_SETUID))
		skip();
	c = start(&config, NULL);
	read_log(&c, text, sizeof(text));
	assert_non_null(
		strstr(text, "user 12345 (12345), capabilities: none,"));
	assert_status(&c, "Uid", "12345\t12345\t12345\t12345");
	assert_status(&c, "CapPrm", "0000000000000000");
	assert_int_equal(finish(&c), 0);
}

/* As in a container: root, with two capabilities and no more. */
static void test_stays_where_it_cannot_change(void **state)
{
	const struct sandbox_config config = {
		.user = "nobody",
		.keep = SANDBOX_KEEP_NET_ADMIN,
	};
	char text[512], uid[64];
	struct child c;
	cap_t all, none;

	(void)state;
	all = cap_get_proc();
	none = cap_get_proc();
	assert_int_equal(cap_clear_flag(none, CAP_EFFECTIVE), 0);
	assert_int_equal(cap_set_proc(none), 0);
	c = start(&config, NULL);
	assert_int_equal(cap_set_proc(all), 0);
	cap_free(all);
	cap_free(none);

	read_log(&c, text, sizeof(text));
	assert_non_null(strstr(text, "no CAP_SETUID and CAP_SETGID"));
	snprintf(uid, sizeof(uid), "%u\t%u\t%u\t%u", getuid(), getuid(),
		 getuid(), getuid());
	assert_status(&c, "Uid", uid);
	assert_status(&c, "NoNewPrivs", "1");
	assert_int_equal(finish(&c), 0);
}

static void test_stays_where_nobody_is_asked_for(void **state)
{
	const struct sandbox_config config = {0};
	char text[512], uid[64];
	struct child c = start(&config, NULL);

	(void)state;
	read_log(&c, text, sizeof(text));
	snprintf(uid, sizeof(uid), "runs as user %u, ", getuid());
	assert_non_null(strstr(text, uid));
	assert_int_equal(finish(&c), 0);
}

/* proc(5): files of a process that is not dumpable belong to root. */
static void test_is_not_dumpable(void **state)
{
	const struct sandbox_config config = {0};
	char text[512], path[64];
	struct child c;
	struct stat st;

	(void)state;
	if (!has(CAP_SETUID))
		skip();
	c = start_as(12345, &config, NULL);
	read_log(&c, text, sizeof(text));
	assert_non_null(strstr(text, "runs as user 12345, "));
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)c.pid);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(finish(&c), 0);
}

static void test_unknown_users(void **state)
{
	static const char *const users[] = {
		"no-such-user-here",	"", "-1", "4294967295", "12x", " 1",
		"99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		const struct sandbox_config config = {.user = users[i]};
		struct child c = start(&config, NULL);
		char text[512], expected[128];

		read_log(&c, text, sizeof(text));
		snprintf(expected, sizeof(expected),
			 "icmp-agent: user '%s' does not exist: name another "
			 "with --user or RUN_AS\n",
			 users[i]);
		assert_string_equal(text, expected);
		assert_int_equal(finish(&c), CHILD_FAILED);
	}
}

static void *sleep_thread(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static void test_refuses_a_second_thread(void **state)
{
	const struct sandbox_config config = {0};
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		pthread_t t;

		close(STDERR_FILENO);
		if (pthread_create(&t, NULL, sleep_thread, NULL) != 0)
			_exit(1);
		_exit(sandbox_enter(&config) == -EBUSY ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- system calls --------------------------------------------------------- */

static int try_execve(void)
{
	char *const argv[] = {NULL};

	execve("/bin/true", argv, argv);
	return 1;
}

static int try_ptrace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 1;
}

static int try_unshare(void)
{
	unshare(CLONE_NEWUSER);
	return 1;
}

/* Refused, and the process lives: 0. */
static int refused(long result)
{
	return result == -1 && errno == ENOSYS ? 0 : 1;
}

static int try_fork(void)
{
	return refused(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int try_create_file(void)
{
	return refused(open("/tmp/test_sandbox_must_not_exist",
			    O_RDONLY | O_CREAT, 0600));
}

static int try_write_file(void)
{
	return refused(open("/dev/null", O_WRONLY)) ||
	       refused(open("/dev/null", O_RDWR));
}

static int try_packet_socket(void)
{
	return refused(socket(AF_PACKET, SOCK_RAW, 0));
}

static int try_kill(void)
{
	return refused(kill(getppid(), 0)) ||
	       refused(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int try_terminal(void)
{
	char c = 'x';

	return refused(ioctl(0, 0x5412 /* TIOCSTI */, &c));
}

static int try_load_program(void)
{
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_XDP};

	return refused(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

static int try_module_call(void)
{
	return refused(syscall(SYS_quotactl, 0, 0, 0, 0));
}

struct call_case {
	const char *name;
	int (*body)(void);
	int lax;
};

static const struct call_case calls[] = {
	{"execve", try_execve, 128 + SIGSYS},
	{"ptrace", try_ptrace, 128 + SIGSYS},
	{"unshare", try_unshare, 128 + SIGSYS},
	{"fork", try_fork, 0},
	{"creating a file", try_create_file, 0},
	{"writing a file", try_write_file, 0},
	{"packet socket", try_packet_socket, 0},
	{"kill", try_kill, 0},
	{"terminal", try_terminal, 0},
	{"bpf program", try_load_program, 0},
	{"quotactl", try_module_call, 0},
};

static void test_forbidden_calls(void **state)
{
	const struct sandbox_config lax = {.strict = false};
	const struct sandbox_config strict = {.strict = true};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int got = run(&lax, calls[i].body);

		if (got != calls[i].lax)
			fail_msg("%s: %d", calls[i].name, got);
		got = run(&strict, calls[i].body);
		if (got != 128 + SIGSYS)
			fail_msg("%s, strict: %d", calls[i].name, got);
	}
}

static void *resolve_thread(void *arg)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;

	/* one from a file, one that goes through every module and fails */
	if (getaddrinfo("localhost", "80", &hints, &list) == 0) {
		freeaddrinfo(list);
		*(int *)arg = 0;
	}
	if (getaddrinfo("no-such-name.invalid", "80", &hints, &list) == 0)
		freeaddrinfo(list);
	return NULL;
}

static int use_resolver(void)
{
	int result = 1;
	pthread_t t;

	if (pthread_create(&t, NULL, resolve_thread, &result) != 0)
		return 2;
	pthread_join(t, NULL);
	return result;
}

static int use_tls(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	unsigned char random[32];
	SSL *ssl;

	if (!ctx || SSL_CTX_set_default_verify_paths(ctx) != 1)
		return 1;
	ssl = SSL_new(ctx);
	if (!ssl)
		return 2;
	/* writes a ClientHello, with fresh keys, into memory */
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (SSL_connect(ssl) >= 0 || BIO_pending(SSL_get_wbio(ssl)) < 100)
		return 3;
	if (RAND_bytes(random, sizeof(random)) != 1)
		return 4;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return 0;
}

static int use_loop(void)
{
	const struct itimerspec soon = {.it_value.tv_nsec = 1000000};
	struct epoll_event event = {.events = EPOLLIN};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	int tcp = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (timer < 0 || epoll < 0 || netlink < 0)
		return 1;
	if (tcp < 0 && errno != EAFNOSUPPORT)
		return 2;
	if (timerfd_settime(timer, 0, &soon, NULL) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0)
		return 3;
	return epoll_wait(epoll, &event, 1, 5000) == 1 ? 0 : 4;
}

static int use_bpf(void)
{
	union bpf_attr attr = {.map_fd = (__u32)-1};

	/* the kernel answers: the map is none */
	if (syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) == 0)
		return 1;
	return errno == EBADF || errno == EPERM ? 0 : 2;
}

static int use_files(void)
{
	char byte;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, &byte, 1) != 1)
		return 1;
	close(fd);
	return fopen("/nonexistent", "r") || errno != ENOENT;
}

static int use_abort(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* With every call off the list fatal, what the agent does still works. */
static void test_allowed_calls(void **state)
{
	const struct sandbox_config config = {.user = "nobody", .strict = true};

	(void)state;
	assert_int_equal(run(&config, use_files), 0);
	assert_int_equal(run(&config, use_loop), 0);
	assert_int_equal(run(&config, use_bpf), 0);
	assert_int_equal(run(&config, use_resolver), 0);
	assert_int_equal(run(&config, use_tls), 0);
	assert_int_equal(run(&config, use_abort), 128 + SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_becomes_nobody_with_two_capabilities),
		cmocka_unit_test(test_keeps_no_capability_unasked),
		cmocka_unit_test(test_stays_where_it_cannot_change),
		cmocka_unit_test(test_stays_where_nobody_is_asked_for),
		cmocka_unit_test(test_is_not_dumpable),
		cmocka_unit_test(test_unknown_users),
		cmocka_unit_test(test_refuses_a_second_thread),
		cmocka_unit_test(test_forbidden_calls),
		cmocka_unit_test(test_allowed_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
