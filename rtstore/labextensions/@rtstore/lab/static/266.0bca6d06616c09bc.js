"use strict";(self.rspackChunk_rtstore_lab=self.rspackChunk_rtstore_lab||[]).push([[266],{32(r,e,t){var o=t(33),n=t.n(o),a=t(34),i=(t.n(a))()(n());i.push([r.id,`/* The panel. All sizes and colours are JupyterLab's, so that themes hold. */

.rt-Panel {
  min-width: 230px;
  overflow: auto;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-size: var(--jp-ui-font-size1);
}

.rt-Together {
  padding-bottom: 24px;
}

.rt-Section {
  border-bottom: var(--jp-border-width) solid var(--jp-border-color2);
}

.rt-Section > summary {
  display: flex;
  align-items: center;
  gap: 6px;
  position: sticky;
  top: 0;
  z-index: 1;
  padding: 6px 12px;
  background: var(--jp-layout-color2);
  cursor: pointer;
  list-style: none;
}

.rt-Section > summary::before,
.rt-Tree summary::before {
  content: '';
  flex: none;
  width: 5px;
  height: 5px;
  margin: 0 4px 0 1px;
  border: solid var(--jp-ui-font-color2);
  border-width: 0 1.5px 1.5px 0;
  transform: rotate(-45deg);
}

.rt-Section[open] > summary::before,
.rt-Tree details[open] > summary::before {
  transform: translateY(-2px) rotate(45deg);
}

.rt-Section > summary h3 {
  margin: 0;
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
}

.rt-Count {
  margin-left: auto;
  min-width: 1.4em;
  padding: 0 5px;
  border-radius: 9px;
  background: var(--jp-layout-color3);
  font-size: var(--jp-ui-font-size0);
  line-height: 16px;
  text-align: center;
}

.rt-Section-body {
  padding: 4px 12px 10px;
}

.rt-Note {
  margin: 4px 0;
  color: var(--jp-ui-font-color2);
}

.rt-Note.rt-mod-trouble {
  color: var(--jp-error-color1);
}

/* What a button of a row was refused for */
.rt-Row > .rt-mod-trouble,
.rt-Actions > .rt-mod-trouble {
  order: 1;
  flex: 1 1 100%;
  margin: 0;
}

.rt-List {
  margin: 0;
  padding: 0;
  list-style: none;
}

.rt-Row {
  display: flex;
  align-items: flex-start;
  gap: 8px;
  padding: 5px 0;
}

.rt-Row-text {
  display: flex;
  flex: 1 1 0;
  flex-direction: column;
  gap: 2px;
  min-width: 0;
  overflow-wrap: anywhere;
}

.rt-Row-text .rt-Note {
  margin: 0;
}

.rt-Name {
  font-weight: 600;
}

/* Below the line, and the buttons at its end */
.rt-Row:has(> .rt-mod-below) {
  flex-wrap: wrap;
  row-gap: 2px;
}

.rt-Row > .rt-mod-below {
  order: 1;
  flex: 1 1 100%;
  padding-left: 17px;
  overflow-wrap: anywhere;
}

.rt-Detail {
  color: var(--jp-ui-font-color2);
  font-variant-numeric: tabular-nums;
}

.rt-Doubt {
  color: var(--jp-ui-font-color1);
}

.rt-Doubt::before {
  content: '';
  display: inline-block;
  width: 7px;
  height: 7px;
  margin-right: 6px;
  border-radius: 1px;
  background: var(--jp-warn-color1);
  transform: rotate(45deg) scale(0.85);
}

.rt-Row[data-state='error'] .rt-Detail,
.rt-Row[data-state='lost'] .rt-Detail {
  color: var(--jp-error-color1);
}

/* What leads somewhere */

.rt-CellLink,
.rt-File {
  display: flex;
  align-items: baseline;
  gap: 6px;
  width: 100%;
  min-width: 0;
  padding: 2px 0;
  border: 0;
  background: none;
  color: inherit;
  font: inherit;
  text-align: left;
  cursor: pointer;
}

.rt-CellLink-number {
  flex: none;
  color: var(--jp-content-link-color);
}

.rt-CellLink code {
  overflow: hidden;
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-ui-font-size0);
  text-overflow: ellipsis;
  white-space: nowrap;
}

.rt-File {
  overflow-wrap: anywhere;
}

.rt-CellLink:hover .rt-CellLink-number,
.rt-File:hover {
  text-decoration: underline;
}

.rt-CellLink:focus-visible,
.rt-File:focus-visible,
.rt-Action:focus-visible,
.rt-Together summary:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

.rt-Actions {
  display: flex;
  order: 2;
  flex: 1 1 100%;
  flex-wrap: wrap;
  gap: 3px;
  padding: 2px 0;
}

.rt-Actions .rt-Action {
  padding: 0 5px;
}

.rt-Action {
  flex: none;
  min-height: 24px;
  padding: 2px 8px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 3px;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font: inherit;
  cursor: pointer;
}

.rt-Action:hover:enabled {
  background: var(--jp-layout-color2);
}

.rt-Action:disabled {
  opacity: 0.5;
  cursor: default;
}

.rt-Action.rt-mod-main {
  border-color: transparent;
  background: var(--jp-brand-color1);
  color: var(--jp-ui-inverse-font-color1);
}

/* People */

.rt-Avatar {
  display: inline-flex;
  flex: none;
  align-items: center;
  justify-content: center;
  position: relative;
  width: 24px;
  height: 24px;
  overflow: hidden;
  border-radius: 50%;
  background: var(--jp-layout-color3);
  color: #fff;
  font-size: 10px;
  font-weight: 600;
  line-height: 1;
  text-shadow: 0 0 2px rgb(0 0 0 / 55%);
}

.rt-Avatar img {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 100%;
  object-fit: cover;
}

/* Runs and kernels */

.rt-State {
  flex: none;
  width: 9px;
  height: 9px;
  margin-top: 6px;
  border: 2px solid var(--jp-ui-font-color3);
  border-radius: 50%;
  box-sizing: border-box;
}

.rt-State.rt-mod-running {
  border-color: var(--jp-brand-color1);
  background: var(--jp-brand-color1);
}

/* Questions */

.rt-Question {
  padding: 10px 12px;
  border-bottom: var(--jp-border-width) solid var(--jp-border-color2);
  border-left: 4px solid var(--jp-warn-color1);
  background: var(--jp-layout-color1);
}

.rt-Question-head {
  display: flex;
  flex-direction: column;
  margin-bottom: 6px;
}

.rt-Question label {
  display: block;
  margin-bottom: 4px;
  font-weight: 600;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}

.rt-Question-box {
  display: flex;
  gap: 6px;
}

.rt-Question-box input.jp-mod-styled {
  flex: 1 1 auto;
  min-width: 0;
  height: 28px;
  margin: 0;
}

.rt-mod-asks .jp-icon3[fill] {
  fill: var(--jp-warn-color0);
}

/* Files */

.rt-Tree {
  margin: 0;
  padding: 0;
  list-style: none;
}

.rt-Tree .rt-Tree,
.rt-Tree details > .rt-Note {
  margin-left: 4px;
  padding-left: 12px;
  border-left: 1px solid var(--jp-border-color2);
}

.rt-Tree summary {
  display: flex;
  align-items: center;
  gap: 4px;
  padding: 2px 0;
  cursor: pointer;
  list-style: none;
  overflow-wrap: anywhere;
}

.rt-Tree > li > .rt-File {
  padding-left: 14px;
}

@keyframes rt-new {
  from {
    background: var(--jp-warn-color3);
  }
}

@media (prefers-reduced-motion: no-preference) {
  .rt-mod-new {
    animation: rt-new 3s ease-out;
  }
}

/* At the cells: over what is there, so that nothing moves. */

.rt-CellPeople {
  display: flex;
  position: absolute;
  top: 8px;
  left: 2px;
  z-index: 2;
}

.rt-CellPeople .rt-Avatar {
  width: 18px;
  height: 18px;
  font-size: 8px;
  box-shadow: 0 0 0 1.5px var(--jp-layout-color0);
}

.rt-CellPeople .rt-Avatar + .rt-Avatar {
  margin-left: -7px;
}

.rt-CellRun {
  position: absolute;
  right: 8px;
  bottom: -8px;
  z-index: 2;
  max-width: 70%;
  padding: 0 6px;
  overflow: hidden;
  border-radius: 7px;
  background: var(--jp-layout-color0);
  color: var(--jp-ui-font-color2);
  font-family: var(--jp-ui-font-family);
  font-size: 10px;
  font-variant-numeric: tabular-nums;
  line-height: 14px;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.rt-CellRun.rt-mod-doubt {
  box-shadow: inset 0 0 0 1px var(--jp-warn-color1);
  color: var(--jp-ui-font-color1);
}

.rt-CellRun[data-state='error'],
.rt-CellRun[data-state='lost'] {
  color: var(--jp-error-color1);
}

@media only screen and (width <= 760px) {
  .rt-CellPeople {
    right: 8px;
    left: auto;
  }
}

@media print {
  .rt-CellPeople,
  .rt-CellRun {
    display: none;
  }
}
`,""]),t.d(e,{},{A:i})},34(r){r.exports=function(r){var e=[];return e.toString=function(){return this.map(function(e){var t="",o=void 0!==e[5];return e[4]&&(t+="@supports (".concat(e[4],") {")),e[2]&&(t+="@media ".concat(e[2]," {")),o&&(t+="@layer".concat(e[5].length>0?" ".concat(e[5]):""," {")),t+=r(e),o&&(t+="}"),e[2]&&(t+="}"),e[4]&&(t+="}"),t}).join("")},e.i=function(r,t,o,n,a){"string"==typeof r&&(r=[[null,r,void 0]]);var i={};if(o)for(var l=0;l<this.length;l++){var p=this[l][0];null!=p&&(i[p]=!0)}for(var s=0;s<r.length;s++){var d=[].concat(r[s]);o&&i[d[0]]||(void 0!==a&&(void 0===d[5]||(d[1]="@layer".concat(d[5].length>0?" ".concat(d[5]):""," {").concat(d[1],"}")),d[5]=a),t&&(d[2]&&(d[1]="@media ".concat(d[2]," {").concat(d[1],"}")),d[2]=t),n&&(d[4]?(d[1]="@supports (".concat(d[4],") {").concat(d[1],"}"),d[4]=n):d[4]="".concat(n)),e.push(d))}},e}},33(r){r.exports=function(r){return r[1]}},25(r,e,t){t.r(e);var o=t(26),n=t.n(o),a=t(27),i=t.n(a),l=t(28),p=t.n(l),s=t(29),d=t.n(s),c=t(30),u=t.n(c),f=t(31),x=t.n(f),m=t(32),h={};h.styleTagTransform=x(),h.setAttributes=d(),h.insert=p().bind(null,"head"),h.domAPI=i(),h.insertStyleElement=u(),n()(m.A,h);let v=m.A&&m.A.locals?m.A.locals:void 0;t.d(e,{},{default:v})},26(r){var e=[];function t(r){for(var t=-1,o=0;o<e.length;o++)if(e[o].identifier===r){t=o;break}return t}function o(r,o){for(var n={},a=[],i=0;i<r.length;i++){var l=r[i],p=o.base?l[0]+o.base:l[0],s=n[p]||0,d="".concat(p," ").concat(s);n[p]=s+1;var c=t(d),u={css:l[1],media:l[2],sourceMap:l[3],supports:l[4],layer:l[5]};if(-1!==c)e[c].references++,e[c].updater(u);else{var f=function(r,e){var t=e.domAPI(e);return t.update(r),function(e){e?(e.css!==r.css||e.media!==r.media||e.sourceMap!==r.sourceMap||e.supports!==r.supports||e.layer!==r.layer)&&t.update(r=e):t.remove()}}(u,o);o.byIndex=i,e.splice(i,0,{identifier:d,updater:f,references:1})}a.push(d)}return a}r.exports=function(r,n){var a=o(r=r||[],n=n||{});return function(r){r=r||[];for(var i=0;i<a.length;i++){var l=t(a[i]);e[l].references--}for(var p=o(r,n),s=0;s<a.length;s++){var d=t(a[s]);0===e[d].references&&(e[d].updater(),e.splice(d,1))}a=p}}},28(r){var e={};r.exports=function(r,t){var o=function(r){if(void 0===e[r]){var t=document.querySelector(r);if(window.HTMLIFrameElement&&t instanceof window.HTMLIFrameElement)try{t=t.contentDocument.head}catch(r){t=null}e[r]=t}return e[r]}(r);if(!o)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");o.appendChild(t)}},30(r){r.exports=function(r){var e=document.createElement("style");return r.setAttributes(e,r.attributes),r.insert(e,r.options),e}},29(r,e,t){r.exports=function(r){var e=t.nc;e&&r.setAttribute("nonce",e)}},27(r){r.exports=function(r){if("u"<typeof document)return{update:function(){},remove:function(){}};var e=r.insertStyleElement(r);return{update:function(t){var o,n,a;o="",t.supports&&(o+="@supports (".concat(t.supports,") {")),t.media&&(o+="@media ".concat(t.media," {")),(n=void 0!==t.layer)&&(o+="@layer".concat(t.layer.length>0?" ".concat(t.layer):""," {")),o+=t.css,n&&(o+="}"),t.media&&(o+="}"),t.supports&&(o+="}"),(a=t.sourceMap)&&"u">typeof btoa&&(o+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(a))))," */")),r.styleTagTransform(o,e,r.options)},remove:function(){var r;null===(r=e).parentNode||r.parentNode.removeChild(r)}}}},31(r){r.exports=function(r,e){if(e.styleSheet)e.styleSheet.cssText=r;else{for(;e.firstChild;)e.removeChild(e.firstChild);e.appendChild(document.createTextNode(r))}}}}]);