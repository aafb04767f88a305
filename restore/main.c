#include "restore/command.h"
#include "storage/base/cleanup.h"

#include <stdlib.h>

#define AT(member) .offset = offsetof(struct restore_options, member)

static struct cancel cancel;

typedef int command_fn(const struct command *c, struct err *err);

static int run(void *options, const struct strvec *operands,
    bool needs_settings, command_fn *command, struct err *err)
{
	const struct restore_options *o = options;
	cleanup(settings_freep) struct settings *settings =
	    needs_settings ? cli_settings(&o->common, err) : NULL;

	if (needs_settings && !settings)
		return -1;
	const struct command c = {
	    .options = o,
	    .settings = settings,
	    .which = operands->len ? operands->items[0] : NULL,
	    .env = {.clock = clock_system(),
		.random = random_system(),
		.cancel = &cancel},
	};
	return command(&c, err);
}

#define RUN(NAME, SETTINGS)                                                    \
	static int run_##NAME(                                                 \
	    void *o, const struct strvec *operands, struct err *err)           \
	{                                                                      \
		return run(o, operands, SETTINGS, command_##NAME, err);        \
	}
RUN(list, true)
RUN(show, true)
RUN(verify, true)
RUN(extract, true)
RUN(plan, true)
RUN(apply, true)
RUN(release, true)
RUN(copy, true)
RUN(keygen, false)

#define END                                                                    \
	{                                                                      \
		.name = NULL                                                   \
	}
#define FLAG(NAME, MEMBER, TEXT)                                               \
	{                                                                      \
		.name = NAME, .kind = CLI_FLAG, AT(MEMBER), .help = TEXT       \
	}
#define VALUE(NAME, MEMBER, ARGUMENT, TEXT)                                    \
	{                                                                      \
		.name = NAME, .kind = CLI_TEXT, AT(MEMBER),                    \
		.argument = ARGUMENT, .help = TEXT                             \
	}
#define VALUES(NAME, MEMBER, ARGUMENT, TEXT)                                   \
	{                                                                      \
		.name = NAME, .kind = CLI_TEXTS, AT(MEMBER),                   \
		.argument = ARGUMENT, .help = TEXT                             \
	}
#define VAULT                                                                  \
	VALUE("vault", vault, "NAME",                                          \
	    "The vault to read. Default: the first of the configuration.")

static const struct cli_option list_options[] = {VAULT,
    FLAG("all-names", all_names,
	"List the snapshots of other agents in the same vault, too."),
    END};

static const struct cli_option show_options[] = {VAULT, END};

static const struct cli_option verify_options[] = {VAULT,
    FLAG("quick", quick,
	"Check the signature and the digest of the archive only; needs no "
	"private key."),
    VALUE("sample", sample, "PERCENT",
	"Look into so many percent of the repositories, states and objects "
	"only. The digest of every entry is checked all the same."),
    FLAG("chain", chain,
	"Also check that no snapshot of the vault is missing or was "
	"replaced, and that the newest one of the last such check is there "
	"still."),
    END};

static const struct cli_option extract_options[] = {
    VAULT, VALUE("to", to, "DIR", "A new or empty directory. Needed."), END};

static const struct cli_option copy_options[] = {VAULT,
    VALUE("to", to, "VAULT", "A vault of the configuration. Needed."), END};

static const struct cli_option keygen_options[] = {
    VALUE("to", to, "DIR",
	"Where the files go; made where it is missing. Default: the current "
	"directory."),
    END};

/* What plan and apply share: they must mean the same. */
#define PLAN_OPTIONS                                                           \
	VAULT,                                                                 \
	    VALUES("only", only, "KIND[:NAME]",                                \
		"Take only this: git, terraform or kubernetes, or of it one "  \
		"repository, bucket, state (BUCKET/KEY, or BUCKET/PREFIX/), "  \
		"cluster (CLUSTER/) or namespace (in all clusters, or "        \
		"CLUSTER/NAMESPACE), with the definitions of its kinds where " \
		"they are missing. A cluster of which nothing is taken is "    \
		"not "                                                         \
		"asked. May be repeated: all that is named is taken."),        \
	    VALUE("existing", existing, "skip|update|recreate",                \
		"What to do with cluster objects that are there already: "     \
		"leave them as they are, write what the snapshot has over "    \
		"them (what others added to them stays), or delete them and "  \
		"make them anew (but namespaces, definitions and volumes are " \
		"updated). Default: restore.existing of the configuration, "   \
		"skip."),                                                      \
	    FLAG("force", force,                                               \
		"Overwrite repositories that hold other refs, states that "    \
		"are "                                                         \
		"newer or of another lineage, and fields of cluster objects "  \
		"that others own."),                                           \
	    FLAG("prune", prune,                                               \
		"Delete what is not in the snapshot: refs, and cluster "       \
		"objects of the chosen namespaces and kinds. They are shown "  \
		"first."),                                                     \
	    VALUES("prune-namespace", prune_namespaces, "NAMESPACE",           \
		"Where --prune may delete. Default: restore.prune_namespaces " \
		"of the configuration."),                                      \
	    VALUES("prune-kind", prune_kinds, "KIND",                          \
		"What --prune may delete, as Secret or Deployment.apps. "      \
		"Default: restore.prune_kinds of the configuration."),         \
	    FLAG("status", status,                                             \
		"Restore the status of all objects, not only of kinds that "   \
		"need it, and also that of what --existing update finds."),    \
	    FLAG("derived", derived,                                           \
		"Also restore what a controller makes again: Secrets of an "   \
		"ExternalSecret, machines, reports."),                         \
	    FLAG("include-finished", finished,                                 \
		"Also restore what has ended, as Jobs and pipeline runs: "     \
		"their controllers may run it again."),                        \
	    FLAG("same-cluster", same_cluster,                                 \
		"Restore into the cluster that the snapshot was taken from, "  \
		"which the UIDs of kube-system and of the snapshot's "         \
		"namespaces tell. Without it, that is refused."),              \
	    FLAG("hold", hold,                                                 \
		"Leave GitOps controllers paused; `release` lets them go.")

static const struct cli_option plan_options[] = {PLAN_OPTIONS,
    FLAG("server", server,
	"Have the API server admit every object in a dry run, and compare "
	"with the repositories and buckets. Nothing is written."),
    FLAG("offline", offline, "Ask no cluster what is there."),
    FLAG("all", all_nodes, "With --server: also list what would do well."),
    END};

static const struct cli_option apply_options[] = {PLAN_OPTIONS,
    FLAG("yes", yes, "Do not ask. Needed where there is no terminal."),
    FLAG("resume", resume,
	"Go on where an earlier apply of this snapshot stopped. What "
	"succeeded is checked again: what is still there is not repeated, "
	"and what is gone is made anew."),
    FLAG("all", all_nodes,
	"List every step in the report, not only those "
	"that need attention."),
    END};

static const struct cli_option release_options[] = {
    VAULT, FLAG("all", all_nodes, "List every step in the report."), END};

#define SNAPSHOT_TEXT                                                          \
	"SNAPSHOT is a label, a beginning that fits only one, or latest."

static const struct cli_command commands[] = {
    {.name = "list",
	.operands = "",
	.summary = "list the snapshots of a vault",
	.description =
	    "Lists snapshots, oldest first, by their manifests. A "
	    "snapshot whose signature does not hold, or whose archive "
	    "is not there in its length, is shown as invalid, and "
	    "the exit status is 5.",
	.options = list_options,
	.run = run_list},
    {.name = "show",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "show what a snapshot holds",
	.description =
	    "Shows the manifest: when it was taken and by whom, what each "
	    "source gave, from when to when it was read (so that the skew "
	    "between Git, state and clusters is seen), and what is "
	    "missing.\n\n" SNAPSHOT_TEXT,
	.options = show_options,
	.run = run_show},
    {.name = "verify",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "prove that a snapshot can be restored",
	.description =
	    "Checks the signature of the manifest, the digest of the archive, "
	    "each entry against CONTENTS.json, every object reachable from "
	    "every ref of each repository, and that states and cluster "
	    "objects read as what they are. The result is recorded beside "
	    "the manifest where its signature holds, signed with "
	    "signing.record_key_file; without one the record is hearsay and "
	    "weighs nothing, for list and for prune. The exit status is 5 "
	    "where anything is wrong.\n\n" SNAPSHOT_TEXT,
	.options = verify_options,
	.run = run_verify},
    {.name = "extract",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "unpack a verified snapshot into a directory",
	.description =
	    "Unpacks the archive: bare repositories, objects as JSON, state "
	    "files, and CONTENTS.json. If any of it is not as it was written, "
	    "nothing is left.\n\n" SNAPSHOT_TEXT,
	.options = extract_options,
	.run = run_extract},
    {.name = "plan",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print what a restore would do, in order",
	.description =
	    "Verifies the snapshot, looks at the targets and prints each step "
	    "in its order: repositories, Terraform state, then cluster "
	    "objects by what they need of each other, and at the end where "
	    "each repository, bucket and cluster goes. Nothing is written. "
	    "The exit status is 1 where something cannot be "
	    "restored.\n\n"
	    "What is there already is kept as it is, or is updated or made "
	    "anew as --existing says; the rest is created. What a plan "
	    "leaves, it leaves out on purpose, and says why. Whether a push "
	    "or a write finds something else at its target, --server "
	    "tells.\n\n" SNAPSHOT_TEXT,
	.options = plan_options,
	.run = run_plan},
    {.name = "apply",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "restore a snapshot",
	.description =
	    "Does what `plan` prints, after asking. Goes on past what fails, "
	    "holds back only what depends on it, and lists what is missing; "
	    "the exit status is then 1. A journal in state_dir keeps what was "
	    "done. SIGINT ends it after the requests in flight; --resume goes "
	    "on from there.\n\n"
	    "Objects that a webhook refuses because nobody answers it are "
	    "tried again once the rest is there. Conditions that are waited "
	    "for (Ready, Healthy, Available) are never taken from the "
	    "snapshot. Node ports that somebody chose stay; where they are "
	    "in use, the cluster gives others, and the report says so. A "
	    "patch of restore.transforms that fails refuses the whole "
	    "restore; one that no object is for is a warning.\n\n"
	    "Where things go is restore.targets of the configuration; what is "
	    "not named there goes back to where it came "
	    "from.\n\n" SNAPSHOT_TEXT,
	.options = apply_options,
	.run = run_apply},
    {.name = "release",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "let go the controllers that apply --hold left paused",
	.description =
	    "Removes the pauses that an apply of this snapshot set, in order, "
	    "children last, by its journal.\n\n" SNAPSHOT_TEXT,
	.options = release_options,
	.run = run_release},
    {.name = "copy",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "copy a snapshot into another vault",
	.description =
	    "Copies archive, signature and manifest as they are, after the "
	    "signature and the digest were checked. One that is there "
	    "already is left, so that a copy can be repeated. Needs no "
	    "private key.\n\n" SNAPSHOT_TEXT,
	.options = copy_options,
	.run = run_copy},
    {.name = "keygen",
	.operands = "",
	.summary = "make the keys for encryption and signing",
	.description =
	    "Writes identity.txt (the age key that opens archives), "
	    "signing.key and signing.pub (a minisign key pair, which signs "
	    "snapshots), record.key and record.pub (another, which signs what "
	    "verify found), and prints the age recipient. Nothing is "
	    "overwritten.",
	.options = keygen_options,
	.run = run_keygen},
    END};

static const struct cli_program program = {
    .name = "backstay-restore",
    .summary = "verify, plan and restore snapshots of a GitOps platform",
    .description =
	"Reads the snapshots that backstay-agent(1) wrote, proves them whole, "
	"and replays them into empty or damaged systems in dependency order. "
	"It holds the private key.\n\n"
	"Results go to standard output, events to standard error.",
    .common = cli_common_options,
    .commands = commands,
    .examples =
	"       backstay-restore verify latest\n"
	"       backstay-restore plan latest --only kubernetes:staging\n"
	"       backstay-restore apply latest --existing update\n"
	"       backstay-restore extract latest --to /tmp/snapshot\n",
};

int main(int argc, char **argv)
{
	struct restore_options options = {.yes = false};

	return cli_main(&program, argc, argv, &options, &cancel);
}
