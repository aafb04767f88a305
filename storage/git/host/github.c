/* https://docs.github.com/en/rest/repos/repos, and .../users/users. */
#include "storage/git/host/github.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

static char *list_path(const char *owner)
{
	return str_printf("/orgs/%s/repos?type=all&sort=created&direction=asc"
			  "&per_page=100",
	    owner);
}

static char *own_list_path(const char *user)
{
	(void)user;
	return str_dup("/user/repos?affiliation=owner&sort=created"
		       "&direction=asc&per_page=100");
}

int github_create(const struct host_api *api, const struct host_location *p,
    bool own, struct err *err)
{
	cleanup(json_freep) struct json_object *body = json_new_object();
	cleanup(host_call_done) struct host_call answer = {.json = NULL};
	autofree char *path = own ? str_dup("/user/repos")
				  : str_printf("/orgs/%s/repos", p->owner);

	json_set_str(body, "name", p->name);
	json_set_bool(body, "private", true);
	return host_call(api, "POST", path, false, body, &answer, err);
}

int github_set_default_branch(const struct host_api *api,
    const struct host_location *p, const char *branch, struct err *err)
{
	cleanup(json_freep) struct json_object *body = json_new_object();
	cleanup(host_call_done) struct host_call answer = {.json = NULL};
	autofree char *path = str_printf("/repos/%s/%s", p->owner, p->name);

	json_set_str(body, "default_branch", branch);
	return host_call(api, "PATCH", path, false, body, &answer, err);
}

const struct host_driver github_driver = {
    .name = "GitHub",
    .accept = "application/vnd.github+json",
    .more_header = "X-GitHub-Api-Version: 2022-11-28",
    .path_key = "full_name",
    .user_key = "login",
    .list_path = list_path,
    .own_list_path = own_list_path,
    .create = github_create,
    .set_default_branch = github_set_default_branch,
};
