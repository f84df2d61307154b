/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/proxy.h"

/* Upper case is what some write, lower case what curl(1) prefers. */
static const char *either(const char *lower, const char *upper)
{
	const char *value = getenv(lower);

	return value ? value : getenv(upper);
}

int proxy_choose(const struct url *target, const char *option,
		 struct proxy_url *ret_via)
{
	const struct proxy_environment env = {
		.http_proxy = getenv("http_proxy"),
		.https_proxy = either("https_proxy", "HTTPS_PROXY"),
		.all_proxy = either("all_proxy", "ALL_PROXY"),
		.no_proxy = either("no_proxy", "NO_PROXY"),
	};
	const char *value = proxy_url_choose(target, option, &env);
	char error[256];

	if (!value)
		return 1;
	if (!proxy_url_parse(value, ret_via, error, sizeof(error)))
		return 0;
	log_error("the proxy that the environment names: %s", error);
	return -EINVAL;
}
