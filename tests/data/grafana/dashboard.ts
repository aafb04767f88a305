/*
 * What the dashboard may be: Grafana's own schema, with panels of the kinds that
 * it has. Of a panel the schema leaves open what its plugin decides; each of
 * these kinds has a schema of its own for that, and so have Prometheus's queries.
 */
import type { Dashboard, Panel } from '@grafana/schema';
import type { PrometheusDataQuery } from '@grafana/schema/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
	FieldConfig as TableField,
	Options as Table,
} from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type {
	FieldConfig as SeriesField,
	Options as Series,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/* A member of an enumeration is a text in JSON. */
type Json<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

/* What is left out, Grafana fills in. */
type PanelOf<Kind, Options, Field> = Json<Omit<Panel<Options, Field>, 'type' | 'options' | 'targets'>> & {
	type: Kind;
	options: Json<Partial<Options>>;
	targets: Json<PrometheusDataQuery>[];
};
type OnePanel =
	| PanelOf<'stat', Stat, Record<string, never>>
	| PanelOf<'table', Table, TableField>
	| PanelOf<'timeseries', Series, SeriesField>;

export type Checked = Omit<Json<Dashboard>, 'panels'> & { panels: OnePanel[] };
