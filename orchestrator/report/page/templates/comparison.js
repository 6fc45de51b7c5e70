// Finds tasks in a comparison's tables.
for (const label of all("[data-find]")) {
  const title = label.closest(".title");
  const rows = [...title.nextElementSibling.querySelectorAll("tbody tr")];
  const input = label.querySelector("input");
  const shown = title.querySelector("output");
  const find = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      count += !row.hidden;
    }
    shown.textContent = `${count} of ${rows.length}`;
  };
  label.hidden = false;
  input.addEventListener("input", find);
  find();
}
offerThemes();
offerTips();
document.documentElement.dataset.ready = "";
