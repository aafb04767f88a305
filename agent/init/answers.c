#include "agent/init/answers.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_DIR "/var/lib/backstay"
#define SNAPSHOTS_DIR "/var/backups/backstay"

void answers_done(struct answers *a)
{
	free(a->config);
	free(a->name);
	free(a->state_dir);
	free(a->snapshots);
	free(a->region);
	free(a->endpoint);
	free(a->keys);
	free(a->agent_keys);
	strvec_done(&a->recipients);
	strvec_done(&a->repositories);
	free(a->git_token_file);
	free(a->cluster);
	free(a->kubeconfig);
	free(a->context);
	strvec_done(&a->states);
}

/* ---- paths and places ---- */

/* What the options name starts from where the command is run, and what the
 * configuration names from where that file is. No shell has seen an answer, so
 * that its ~ is ours. */
static char *absolute(const char *path)
{
	const char *home = getenv("HOME");

	if (!path || *path == '/')
		return str_dup(path);
	if (str_starts(path, "~/") && home && *home == '/')
		return file_join(home, path + 2);
	autofree char *here = getcwd(NULL, 0);
	while (str_starts(path, "./"))
		path += 2;
	if (!here)
		return str_dup(path);
	return !*path || str_eq(path, ".") ? str_dup(here)
					   : file_join(here, path);
}

/* A URL is not changed; "host:path" is one, too. */
static char *repository(const char *text)
{
	size_t colon = strcspn(text, ":/");

	return text[colon] == ':' ? str_dup(text) : absolute(text);
}

bool answers_bucket(const char *place, char **bucket, char **prefix)
{
	if (!str_starts(place, "s3://"))
		return false;
	const char *name = place + strlen("s3://");
	size_t len = strcspn(name, "/");
	const char *rest = name[len] ? name + len + 1 : "";

	*bucket = str_ndup(name, len);
	*prefix = *rest ? str_dup(rest) : NULL;
	return true;
}

static char *place(const char *text)
{
	return str_starts(text, "s3://") ? str_dup(text) : absolute(text);
}

/* ---- questions ---- */

struct asking {
	struct answers *a;
	const struct answers_person *person; /* or NULL */
	struct strvec lacking;		     /* options, without a person */
};

static int stopped(struct err *err)
{
	return err_set(err, ERR_CANCELLED,
	    "init: there was no answer; nothing was written");
}

/* Again until there is an answer, where nothing stands for an empty one. */
static int ask(const struct asking *q, const char *question,
    const char *otherwise, char **answer, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, line = BUF_INIT;

	buf_add_str(&text, question);
	if (otherwise && *otherwise)
		buf_printf(&text, " [%s]", otherwise);
	do {
		buf_clear(&line);
		if (q->person->ask(
			q->person->ctx, false, buf_str(&text), &line))
			return stopped(err);
	} while (!line.len && !otherwise);
	*answer = str_dup(line.len ? buf_str(&line) : otherwise);
	return 0;
}

/* 1: yes; 0: no. */
static int confirm(
    const struct asking *q, const char *question, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	int status = q->person->ask(q->person->ctx, true, question, &line);

	return status < 0 ? stopped(err) : status == 0;
}

/* What has to be there. */
static int need(struct asking *q, char **slot, const char *option,
    const char *question, const char *otherwise, struct err *err)
{
	if (*slot)
		return 0;
	if (q->person)
		return ask(q, question, otherwise, slot, err);
	strvec_add(&q->lacking, option);
	return 0;
}

/* One after another until an empty answer. */
static int ask_list(const struct asking *q, const char *question,
    struct strvec *list, struct err *err)
{
	for (;;) {
		autofree char *one = NULL;
		if (ask(q, question, "", &one, err))
			return -1;
		if (!*one)
			return 0;
		strvec_add(list, one);
	}
}

/* ---- what is asked ---- */

static int ask_name(struct asking *q, struct err *err)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	return need(q, &q->a->name, "--name NAME", "Name of the snapshots",
	    *host ? host : NULL, err);
}

static int ask_snapshots(struct asking *q, struct err *err)
{
	struct answers *a = q->a;

	if (need(q, &a->snapshots, "--snapshots DIR|s3://BUCKET/PREFIX",
		"Where snapshots go: a directory, or s3://BUCKET/PREFIX",
		SNAPSHOTS_DIR, err))
		return -1;
	if (!a->state_dir && q->person)
		return ask(q,
		    "Directory for what makes the next run fast (state_dir)",
		    STATE_DIR, &a->state_dir, err);
	if (!a->state_dir)
		a->state_dir = str_dup(STATE_DIR);
	return 0;
}

static bool is_same_directory(const char *a, const char *b)
{
	struct stat one, other;

	return str_eq(a, b) ||
	       (stat(a, &one) == 0 && stat(b, &other) == 0 &&
		   one.st_dev == other.st_dev && one.st_ino == other.st_ino);
}

/* No default: the operator says where private keys are. */
static int ask_keys(struct asking *q, struct err *err)
{
	struct answers *a = q->a;
	autofree char *beside = file_parent(a->config);

	while (!a->recipients.len && !a->keys) {
		if (need(q, &a->keys, "--keys DIR (or --recipient AGE)",
			"Directory for the private key that opens snapshots, "
			"best on a medium that leaves this machine",
			NULL, err))
			return -1;
		if (!a->keys)
			break;
		autofree char *dir = absolute(a->keys);
		int sure = !is_same_directory(dir, beside)
			       ? 1
			       : confirm(q,
				     "That is where the configuration is: who "
				     "reads this machine could read the "
				     "snapshots. Put it there",
				     err);
		if (sure < 0)
			return -1;
		if (!sure) {
			free(a->keys);
			a->keys = NULL;
		}
	}
	return need(q, &a->agent_keys, "--agent-keys DIR",
	    "Directory for the key with which this machine signs", NULL, err);
}

static int ask_cluster(struct asking *q, struct err *err)
{
	struct answers *a = q->a;
	const char *home = getenv("HOME"), *set = getenv("KUBECONFIG");
	autofree char *own = home ? file_join(home, ".kube/config") : NULL;
	const char *otherwise = set && *set && !strchr(set, ':') ? set
				: own && file_exists(own)	 ? own
								 : NULL;
	int yes = confirm(q, "Back up a Kubernetes cluster", err);

	if (yes <= 0)
		return yes;
	if (ask(q, "Its kubeconfig", otherwise, &a->kubeconfig, err) ||
	    ask(q, "Context in it, or nothing for the current one", "",
		&a->context, err) ||
	    ask(q, "Name of the cluster in the snapshots", "cluster",
		&a->cluster, err))
		return -1;
	yes = confirm(q,
	    "Search it for repositories and buckets of Terraform state, and "
	    "take along what it names in each backup",
	    err);
	a->from_cluster = yes == 1;
	return yes < 0 ? -1 : 0;
}

static int ask_sources(struct asking *q, struct err *err)
{
	struct answers *a = q->a;

	if (a->repositories.len || a->cluster || a->states.len)
		return 0;
	if (!q->person) {
		strvec_add(&q->lacking,
		    "--repository URL, --cluster NAME or --state "
		    "s3://BUCKET/PREFIX");
		return 0;
	}
	if (ask_list(q,
		"URL or path of a Git repository, or nothing for no more",
		&a->repositories, err) ||
	    ask_cluster(q, err) ||
	    ask_list(q,
		"Terraform state, s3://BUCKET/PREFIX, or nothing for no more",
		&a->states, err))
		return -1;
	if (a->repositories.len || a->cluster || a->states.len)
		return 0;
	return err_set(err, ERR_USAGE,
	    "init: there is nothing to back up: name a repository, a cluster "
	    "or a bucket of state; nothing was written");
}

static bool names_bucket(const struct answers *a)
{
	return str_starts(a->snapshots, "s3://") || a->states.len;
}

static int ask_rest(struct asking *q, struct err *err)
{
	struct answers *a = q->a;
	bool over_http = false;

	VEC_EACH (&a->repositories, url)
		over_http |= str_starts(*url, "https://");
	if (!q->person)
		return 0;
	if (!a->git_token_file && over_http &&
	    ask(q,
		"File with a token for the repositories, or nothing for none",
		"", &a->git_token_file, err))
		return -1;
	if (a->region || a->endpoint || !names_bucket(a))
		return 0;
	return ask(q, "Region of the buckets", "us-east-1", &a->region, err) ||
		       ask(q,
			   "URL of the store, or nothing for AWS's own "
			   "(endpoint)",
			   "", &a->endpoint, err)
		   ? -1
		   : 0;
}

/* ---- what cannot be ---- */

/* One token for all of them: it must not go to two hosts. */
static int check_token(const struct answers *a, struct err *err)
{
	const char *first = NULL;
	size_t len = 0;

	if (!a->git_token_file)
		return 0;
	VEC_EACH (&a->repositories, url) {
		if (!str_starts(*url, "https://"))
			continue;
		size_t host = strlen("https://") +
			      strcspn(*url + strlen("https://"), "/");
		if (first && (host != len || memcmp(first, *url, len) != 0))
			return err_set(err, ERR_USAGE,
			    "init: --git-token-file is for one host, and the "
			    "repositories are on several; leave it out, and "
			    "write git.credentials into the configuration; "
			    "nothing was written");
		first = *url;
		len = host;
	}
	if (first)
		return 0;
	return err_set(err, ERR_USAGE,
	    "init: --git-token-file needs a --repository of https://; nothing "
	    "was written");
}

static int check_places(const struct answers *a, struct err *err)
{
	VEC_EACH (&a->states, place)
		if (!str_starts(*place, "s3://"))
			return err_set(err, ERR_USAGE,
			    "init: --state takes s3://BUCKET/PREFIX, not '%s'; "
			    "nothing was written",
			    *place);
	if ((a->kubeconfig || a->context || a->from_cluster) && !a->cluster)
		return err_set(err, ERR_USAGE,
		    "init: --kubeconfig, --context and --from-cluster need "
		    "--cluster NAME, the name of the cluster in the snapshots; "
		    "nothing was written");
	if (a->keys && a->recipients.len)
		return err_set(err, ERR_USAGE,
		    "init: --recipient is a key that is there already, and "
		    "--keys is where a new one goes: leave one out; nothing "
		    "was written");
	return 0;
}

static int check_lacking(const struct asking *q, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	VEC_EACH (&q->lacking, option)
		buf_printf(&text, "%s%s", text.len ? "; " : "", *option);
	return !text.len ? 0
			 : err_set(err, ERR_USAGE,
			       "init: there is no terminal to ask at, and what "
			       "has to be known was not given: %s; nothing was "
			       "written",
			       buf_str(&text));
}

/* ---- all of it ---- */

static void make_absolute(char **path)
{
	char *whole = absolute(*path);

	free(*path);
	*path = whole;
}

static void drop_empty(char **text)
{
	if (*text && !**text) {
		free(*text);
		*text = NULL;
	}
}

static void from_options(
    struct answers *a, const struct init_options *o, const char *config)
{
	*a = (struct answers){.config = absolute(config),
	    .name = str_dup(o->name),
	    .state_dir = str_dup(o->state_dir),
	    .snapshots = str_dup(o->snapshots),
	    .region = str_dup(o->region),
	    .endpoint = str_dup(o->endpoint),
	    .keys = str_dup(o->keys),
	    .agent_keys = str_dup(o->agent_keys),
	    .git_token_file = str_dup(o->git_token_file),
	    .cluster = str_dup(o->cluster),
	    .kubeconfig = str_dup(o->kubeconfig),
	    .context = str_dup(o->context),
	    .from_cluster = o->from_cluster};
	VEC_EACH (&o->recipients, r)
		strvec_add(&a->recipients, *r);
	VEC_EACH (&o->repositories, r)
		strvec_add(&a->repositories, *r);
	VEC_EACH (&o->states, s)
		strvec_add(&a->states, *s);
}

static void finish(struct answers *a)
{
	struct strvec repositories = VEC_INIT;
	char *snapshots = place(a->snapshots);

	VEC_EACH (&a->repositories, r) {
		autofree char *one = repository(*r);
		strvec_add(&repositories, one);
	}
	strvec_done(&a->repositories);
	a->repositories = repositories;
	free(a->snapshots);
	a->snapshots = snapshots;
	drop_empty(&a->context);
	drop_empty(&a->endpoint);
	drop_empty(&a->git_token_file);
	make_absolute(&a->state_dir);
	make_absolute(&a->keys);
	make_absolute(&a->agent_keys);
	make_absolute(&a->kubeconfig);
	make_absolute(&a->git_token_file);
}

int answers_fill(struct answers *a, const struct init_options *o,
    const char *config, const struct answers_person *person, struct err *err)
{
	struct asking q = {.a = a, .person = person, .lacking = VEC_INIT};

	from_options(a, o, config);
	int status = check_places(a, err) || ask_name(&q, err) ||
			     ask_snapshots(&q, err) || ask_keys(&q, err) ||
			     ask_sources(&q, err) || check_lacking(&q, err) ||
			     ask_rest(&q, err)
			 ? -1
			 : 0;
	if (status == 0)
		finish(a);
	if (status == 0 && (check_token(a, err) || check_places(a, err)))
		status = -1;
	strvec_done(&q.lacking);
	return status;
}
