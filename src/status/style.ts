/** Light and dark as the reader's system is; one column on a phone, where wide tables scroll by themselves. */
export const style = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b1f27;--soft:#667085;--line:#e4e7ec;
--good:#12855a;--warn:#b7710b;--bad:#c9362b;--first:#2f6fde;--second:#7a4fd0;--third:#c9362b;--shadow:0 1px 2px #1018280d}
@media (prefers-color-scheme:dark){:root{--page:#0f1217;--card:#171b22;--ink:#e6e9ef;--soft:#8f99a8;--line:#272d38;
--good:#3ecf8e;--warn:#f0b13c;--bad:#ff6b5e;--first:#6ea2ff;--second:#b08bff;--third:#ff6b5e;--shadow:none}}
*{box-sizing:border-box;margin:0}
body{background:var(--page);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
section:empty{display:none}
section+section{margin-top:28px}
a{color:inherit;text-decoration-color:var(--soft);text-underline-offset:2px}
a:hover{color:var(--first)}
a:focus-visible{outline:2px solid var(--first);outline-offset:2px;border-radius:2px}
code,.code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
#head{display:grid;grid-template-columns:auto 1fr;align-items:baseline;column-gap:14px;row-gap:4px}
h1{font-size:24px;line-height:1.25;font-weight:650;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:14px;font-weight:600;margin-bottom:8px}
h3{font-size:12.5px;font-weight:500;color:var(--soft)}
.state{font-weight:500}
.facts{grid-column:1/-1;color:var(--soft);display:flex;flex-wrap:wrap;column-gap:18px}
.facts strong{color:var(--bad);font-weight:600}
.dot{display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:7px;background:var(--soft)}
.dot.good{background:var(--good)}.dot.warn{background:var(--warn)}.dot.bad{background:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:14px}
.tile,.scroll,.note{background:var(--card);border:1px solid var(--line);border-radius:10px;box-shadow:var(--shadow)}
.tile{padding:14px 16px 0;display:flex;flex-direction:column;overflow:hidden;min-height:132px}
.value{font-size:26px;line-height:1.3;font-weight:600;letter-spacing:-.02em}
.more{font-size:12.5px;color:var(--soft);padding-bottom:12px}
.spark{display:block;width:calc(100% + 32px);height:44px;margin:auto -16px 0;--c:var(--first)}
.spark.second{--c:var(--second)}.spark.third{--c:var(--third)}
.spark .area{fill:var(--c);opacity:.12}
.spark .line{fill:none;stroke:var(--c);stroke-width:1.5;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:7px 14px;white-space:nowrap;vertical-align:baseline}
th{font-size:12.5px;font-weight:500;color:var(--soft);border-bottom:1px solid var(--line)}
th.code{font:inherit;font-size:12.5px;font-weight:500}
tbody tr+tr td{border-top:1px solid var(--line)}
td.number,th.number{text-align:right}
td.wide{white-space:normal;overflow-wrap:anywhere;min-width:220px}
#errors .number,#failures .scroll:first-of-type .number,.scroll .number:first-child{text-align:left}
#failures .scroll{margin-bottom:24px}
.note{padding:14px 16px;color:var(--soft)}
.back{margin-bottom:12px;color:var(--soft)}.scroll+.back{margin:8px 0 0}
.trace{font-size:18px;margin-bottom:20px}.trace code{font-size:16px}
#trace .scroll{margin-bottom:24px}
#live{position:fixed;right:14px;bottom:12px;font-size:12px;color:var(--soft);background:var(--card);border:1px solid var(--line);
border-radius:999px;padding:2px 10px}
#live.lost{color:var(--bad);border-color:var(--bad)}
@media (max-width:900px){.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:560px){main{padding:20px 14px 56px}.tiles{gap:10px}.tile{padding:12px 12px 0;min-height:124px}
.spark{width:calc(100% + 24px);margin:auto -12px 0}.value{font-size:22px}.more{font-size:12px}th,td{padding:7px 11px}}
@media (max-width:360px){.tiles{grid-template-columns:1fr}}
`;
