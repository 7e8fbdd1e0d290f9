from catalogue import converters, views
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path, register_converter
from django.views import defaults
from django.views.decorators.http import require_POST
from django.views.generic import RedirectView
from django.views.static import serve
from rest_framework.routers import DefaultRouter

register_converter(converters.IsoDate, "isodate")

router = DefaultRouter()
router.register("products", views.ProductViewSet)
router.register("reviews", views.ReviewViewSet, basename="review")

shop = [
    path("", views.front_page, name="front"),
    path("products/<slug:slug>/", views.ProductPage.as_view(), name="product"),
    path("categories/<int:pk>/", views.CategoryPage.as_view(), name="category"),
    path("categories/<slug:category>/products/", views.products_in, name="products-in"),
    path(
        "categories/<slug:category_slug>/products/<int:pk>/",
        login_required(views.product_in_category),
        name="product-in-category",
    ),
    path("orders/<uuid:order_id>/", views.order_page, name="order"),
    path("orders/on/<isodate:day>/", views.orders_on, name="orders-on"),
    path("basket/add/", require_POST(views.add_to_basket), name="add"),
    path("old/", RedirectView.as_view(pattern_name="shop:front"), name="old"),
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("shop/", include((shop, "shop"))),
    path("api/", include((router.urls, "api"))),
    path("api/stock/", views.StockView.as_view(), name="stock"),
    path("api/stock/<int:product_pk>/", views.StockView.as_view(), name="stock-of"),
    path("api/search/", views.search, name="search"),
    path("api/categories/<slug:name>/", views.CategoryDetail.as_view(), name="category-api"),
    path("people/<str:username>/", views.person, name="person"),
    path("cards/<str:number>/", views.CardPage.as_view(), name="card"),
    path("groups/<int:pk>/", views.GroupPage.as_view(), name="group"),
    path("errors/500/", defaults.server_error, name="error-500"),
    path("guarded/<int:pk>/", views.GuardedPage.as_view(), name="guarded"),
    re_path(
        r"^archive/(?P<year>[0-9]{4})/(?:page-(?P<page>\d+)/)?$", views.archive, name="archive"
    ),
    re_path(r"^legacy/(\d+)/$", views.legacy, name="legacy"),
    re_path(r"^(?:about|contact)/$", views.about, name="about"),
    re_path(r"^media/(?P<path>.*)$", serve, {"document_root": "media"}),
    *i18n_patterns(path("help/<slug:topic>/", views.help_page, name="help")),
]
