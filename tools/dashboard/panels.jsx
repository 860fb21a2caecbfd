// Shows panels of a dashboard with Grafana's own components: window.dashboard has the width of the page, the time range, and the
// panels (single numbers and graphs), each with its place and with the series that Prometheus gave for its queries. tools/panels
// makes a script of it.
//
// Through require, what Grafana built for CommonJS is taken: its ECMAScript modules do not find the defaults of some packages.
const { applyFieldOverrides, createTheme, dateTime, EventBusSrv, FieldType, getFieldDisplayValues, ThemeContext, toDataFrame } = require("@grafana/data");
const { BigValue, BigValueColorMode, BigValueGraphMode, GlobalStyles, PanelChrome, PanelContextProvider, TimeSeries } = require("@grafana/ui");
const { createRoot } = require("react-dom/client");
require("@fontsource/inter/latin-400.css");
require("@fontsource/inter/latin-500.css");

const { begin, end, panels, width } = window.dashboard;
const theme = createTheme({ colors: { mode: "dark" } });
const raw = { from: dateTime(begin), to: dateTime(end) };
const common = { theme, timeZone: "utc", replaceVariables: (text) => text };
// In pixels, as in Grafana: of a row, 8 are the gap to the next.
const ROW = 38;
const GAP = 8;

// What Grafana takes for what a dashboard does not set.
const DEFAULTS = {
	stat: { color: { mode: "thresholds" }, thresholds: { mode: "absolute", steps: [{ value: -Infinity, color: "green" }] } },
	timeseries: { color: { mode: "palette-classic" }, custom: { lineWidth: 1, fillOpacity: 0, showPoints: "never", spanNulls: false } },
};

function line({ name, times, values }, config) {
	return toDataFrame({
		fields: [
			{ name: "Time", type: FieldType.time, values: times },
			{ name: "Value", type: FieldType.number, values, config: { ...config, displayNameFromDS: name } },
		],
	});
}

function frames(panel) {
	const config = { ...DEFAULTS[panel.type], ...panel.fieldConfig.defaults };
	const data = panel.series.map((each) => line(each, config));
	return applyFieldOverrides({ ...common, data, fieldConfig: { defaults: {}, overrides: [] } });
}

function Content({ panel, width, height }) {
	const size = { width, height };
	const data = frames(panel);
	if (panel.type === "timeseries") {
		const legend = { showLegend: true, ...panel.options.legend };
		return <TimeSeries frames={data} timeRange={{ ...raw, raw }} timeZone="utc" legend={legend} {...size} />;
	}
	const reduceOptions = { calcs: ["lastNotNull"], values: false };
	const [{ display, sparkline }] = getFieldDisplayValues({ ...common, data, reduceOptions, fieldConfig: panel.fieldConfig, sparkline: true });
	const modes = { colorMode: BigValueColorMode.Value, graphMode: BigValueGraphMode.Area };
	return <BigValue value={{ ...display, title: undefined }} sparkline={sparkline} theme={theme} {...modes} {...size} />;
}

function Panel({ panel }) {
	const { x, y, w, h } = panel.gridPos;
	const column = (width - GAP) / 24;
	const size = { width: w * column - GAP, height: h * ROW - GAP };
	return (
		<div style={{ position: "absolute", left: GAP + x * column, top: GAP + y * ROW, ...size }}>
			<PanelChrome title={panel.title} {...size}>
				{(innerWidth, innerHeight) => <Content panel={panel} width={innerWidth} height={innerHeight} />}
			</PanelChrome>
		</div>
	);
}

createRoot(document.body.appendChild(document.createElement("main"))).render(
	<ThemeContext.Provider value={theme}>
		<GlobalStyles />
		<PanelContextProvider value={{ eventsScope: "dashboard", eventBus: new EventBusSrv() }}>
			{panels.map((panel) => (
				<Panel key={panel.title} panel={panel} />
			))}
		</PanelContextProvider>
	</ThemeContext.Provider>,
);
